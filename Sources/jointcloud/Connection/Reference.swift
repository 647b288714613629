import Engine
import Interface
import Model

/// Finds what a person means by an id, the start of one, a name, or `last`. The API itself takes ids in full only.
enum Reference {
  struct Candidate {
    var id: Digest
    var name: String
    /// The newest is `last`; of several with one time, the one listed last.
    var timeMilliseconds: Int64
  }

  static let shortest = 4

  static func find(
    _ text: String, _ noun: String, among candidates: [Candidate], listedBy list: String? = nil
  ) throws -> Digest {
    let list = list ?? "jointcloud \(noun) list"
    if let whole = Digest(hexadecimal: text) { return whole }
    if text == "last" {
      let newest = candidates.enumerated().max {
        ($0.element.timeMilliseconds, $0.offset) < ($1.element.timeMilliseconds, $1.offset)
      }
      guard let newest else {
        throw Failure(.error, "there is no \(noun) yet", next: list)
      }
      return newest.element.id
    }
    guard let found = try match(text, among: candidates) else {
      throw unknown(text, "no \(noun) is called", next: list)
    }
    return found.id
  }

  /// The candidate that a name or the start of an id means.
  ///
  /// - Returns: nil where it means none.
  /// - Throws: `Failure` where it means several.
  static func match(_ text: String, among candidates: [Candidate]) throws -> Candidate? {
    let isPrefix = text.count >= shortest && text.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    let matches = candidates.filter {
      (!text.isEmpty && $0.name == text) || (isPrefix && $0.id.hexadecimal.hasPrefix(text))
    }
    if Set(matches.map(\.id)).count > 1 {
      throw ambiguous(
        text,
        matches.sorted { $0.id < $1.id }.map {
          "\($0.id.hexadecimal.prefix(12))\($0.name.isEmpty ? "" : " " + $0.name)"
        })
    }
    return matches.first
  }

  static func unknown(_ text: String, _ what: String, next: String) -> Failure {
    let hint = text.count < shortest ? "; an id needs at least \(shortest) digits" : ""
    return Failure(.error, "\(what) \"\(text)\"\(hint)", next: next)
  }

  /// What a text that means several things is refused with.
  ///
  /// - Parameter matches: enough of each to tell them apart, in order.
  static func ambiguous(_ text: String, _ matches: [String]) -> Failure {
    let shown = matches.prefix(10).joined(separator: ", ") + (matches.count > 10 ? ", ..." : "")
    return Failure(
      .usage, "\"\(text)\" means \(matches.count) of them: \(shown)",
      next: "type more digits of the id, or \"last\"")
  }
}

extension Client {
  func taskID(_ text: String) async throws -> TaskID {
    if let id = TaskID(hexadecimal: text) { return id }
    return TaskID(
      try Reference.find(
        text, "task",
        among: try await tasks().map {
          .init(id: $0.task.digest, name: $0.name, timeMilliseconds: $0.submittedMilliseconds)
        }))
  }

  func memberID(_ text: String) async throws -> NodeID {
    if let id = NodeID(hexadecimal: text) { return id }
    return NodeID(
      try Reference.find(
        text, "member",
        among: try await members().map {
          .init(id: $0.node.digest, name: $0.name, timeMilliseconds: $0.sinceMilliseconds)
        }))
  }

  /// nil for no text: all collaborations.
  func collaborationID(_ text: String?) async throws -> CollaborationID? {
    guard let text else { return nil }
    if let id = CollaborationID(hexadecimal: text) { return id }
    let all = try await collaborations()
    return CollaborationID(
      try Reference.find(
        text, "collaboration",
        among: all.map {
          .init(
            id: $0.collaboration.digest, name: $0.name,
            timeMilliseconds: $0.negotiation.map(\.timeMilliseconds).max() ?? 0)
        }))
  }

  /// The collaboration whose election is meant; for no text the one that is open, where it is the only one.
  func electionID(_ text: String?) async throws -> CollaborationID {
    if let id = try await collaborationID(text) { return id }
    let open = try await elections()
    // One that has come to its end here is not what is meant unless it is named.
    let live = open.filter { $0.state != "halted" }
    let meant = live.isEmpty ? open : live
    guard let first = meant.first else {
      throw Failure(.error, "no collaboration is open here", next: "jointcloud collaboration list")
    }
    guard meant.count == 1 else {
      throw Failure(
        .usage,
        "which collaboration? \(meant.count) are open: "
          + meant.prefix(8).map { "\($0.collaboration.short) \($0.name)" }.joined(separator: ", ")
          + (meant.count > 8 ? " and \(meant.count - 8) more" : ""),
        next: "name one: jointcloud election list")
    }
    return first.collaboration
  }

  /// The node that is meant as a successor: a voter, before all other members. Never `last`: that would be whoever
  /// changed its state just now.
  func voterID(_ text: String, _ election: ElectionView) async throws -> NodeID {
    if let id = NodeID(hexadecimal: text) { return id }
    let voters = election.voters.map { Reference.Candidate(id: $0.node.digest, name: $0.name, timeMilliseconds: 0) }
    if let found = try Reference.match(text, among: voters) { return NodeID(found.id) }
    let members = try await members().map {
      Reference.Candidate(id: $0.node.digest, name: $0.name, timeMilliseconds: 0)
    }
    guard let found = try Reference.match(text, among: members) else {
      throw Reference.unknown(
        text, "no voter is called", next: "jointcloud election show \(election.collaboration.short)")
    }
    return NodeID(found.id)
  }

  func offerID(_ text: String) async throws -> OfferID {
    if let id = OfferID(hexadecimal: text) { return id }
    return OfferID(
      try Reference.find(
        text, "offer",
        among: try await offers().map {
          .init(id: $0.offer.digest, name: $0.taskName, timeMilliseconds: $0.expiresMilliseconds)
        }))
  }

  /// What a task, or the start of a trace's id, means. Traces are known by the tasks, announcements and events that the
  /// node lists.
  func traceID(_ text: String) async throws -> TraceID {
    let tasks = try await tasks()
    if let whole = Digest(hexadecimal: text) {
      return tasks.first { $0.task.digest == whole }?.trace ?? TraceID(whole)
    }
    func trace(of task: Digest) -> TraceID? { tasks.first { $0.task.digest == task }?.trace }
    let named = tasks.map {
      Reference.Candidate(id: $0.task.digest, name: $0.name, timeMilliseconds: $0.submittedMilliseconds)
    }
    // One that came before this start of the node counts as older than all that came since.
    let announced = try await announcements().map {
      Reference.Candidate(id: $0.trace.digest, name: "", timeMilliseconds: $0.receivedMilliseconds ?? 0)
    }
    if text == "last" {
      // Of a task and an announcement in one millisecond the announcement is listed last.
      let newest = try Reference.find(text, "task", among: named + announced.reversed())
      return trace(of: newest) ?? TraceID(newest)
    }
    let traces = tasks.map { Reference.Candidate(id: $0.trace.digest, name: "", timeMilliseconds: 0) } + announced
    if let found = try Reference.match(text, among: named + traces) { return trace(of: found.id) ?? TraceID(found.id) }
    let older = try await events(limit: 10_000).compactMap(\.trace).map {
      Reference.Candidate(id: $0.digest, name: "", timeMilliseconds: 0)
    }
    if let found = try Reference.match(text, among: older) { return TraceID(found.id) }
    throw Reference.unknown(
      text, "no task is called so, and no trace that is known here begins with",
      next: "jointcloud task list, or jointcloud network show -o wide")
  }
}
