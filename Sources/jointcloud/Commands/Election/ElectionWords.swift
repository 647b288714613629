import Engine
import Model

/// Terms and votes in words, as several commands say them.
enum ElectionWords {
  static func state(_ view: ElectionView) -> String {
    switch view.state {
    case "inOffice": "in office"
    case "noQuorum": "no quorum"
    default: view.state
    }
  }

  /// Since when its state holds.
  static func since(_ view: ElectionView) -> Int64? {
    view.sinceMilliseconds ?? (view.state == "inOffice" ? view.terms.last?.timeMilliseconds : nil)
  }

  static func stateAndSince(_ view: ElectionView) -> String {
    guard view.state != "inOffice", let since = view.sinceMilliseconds else { return state(view) }
    return "\(state(view)) since \(moment(since))"
  }

  static func moment(_ milliseconds: Int64) -> String {
    "\(HumanText.dateAndClock(milliseconds)) (\(HumanText.age(milliseconds)) ago)"
  }

  static func term(_ view: ElectionView) -> String {
    let number = "\(view.term)" + (view.promised > view.term ? ", \(view.promised) has no coordinator yet" : "")
    return view.terms.last.map { "\(number), since \(moment($0.timeMilliseconds))" } ?? number
  }

  static func votes(_ view: ElectionView) -> String {
    "\(view.inReach) of \(view.voters.count) in reach, \(view.quorum) decide together"
      + (view.missing > 0 ? ", \(view.missing) more needed" : "")
      + (view.bearsLies ? "" : "; so few bear crashes, and no lie")
  }

  static func waiting(_ view: ElectionView) -> String {
    let parts = [
      count(view.waitingSubmissions, "submission").map { "\($0) of this node" },
      count(view.undecidedEntries, "undecided entry", "undecided entries"),
      view.delegationWaits ? "this node's word on who is to coordinate for it" : nil,
    ].compactMap(\.self)
    return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
  }

  /// nil for none.
  static func count(_ number: Int, _ one: String, _ several: String? = nil) -> String? {
    number == 0 ? nil : "\(number) \(number == 1 ? one : several ?? one + "s")"
  }

  /// To whom members delegate coordination, by whose word, and how many that takes; empty where nobody does.
  static func delegations(_ view: ElectionView) -> String {
    let agents = view.delegations.map(\.agent).reduce(into: [NodeID]()) { if !$0.contains($1) { $0.append($1) } }
    return agents.compactMap { agent in
      let given = view.delegations.filter { $0.agent == agent }
      guard let first = given.first else { return nil }
      let counted = given.count(where: \.counts)
      let by = given.map { "\($0.name) (\($0.person)\($0.counts ? "" : ", no vote"))" }.joined(separator: ", ")
      return "to \(first.agentName) by \(by): \(counted) of \(first.needed) needed"
        + (agent == view.agent ? agentNote(view) : "")
    }.joined(separator: "; ")
  }

  /// What becomes of the delegation of a quorum.
  private static func agentNote(_ view: ElectionView) -> String {
    guard view.agent != view.coordinator else { return ", it coordinates for them" }
    let state = view.voters.first { $0.node == view.agent }?.state ?? "gone"
    let others = ", but \(view.coordinatorName) coordinates"
    if state != "alive" { return "\(others): it is \(state)" }
    return view.agentAwaited ? "\(others) until it has taken over" : others
  }

  // MARK: Causes

  static func cause(_ term: TermView, in view: ElectionView) -> String {
    cause(term, after: view.terms.first { $0.term == term.term - 1 })
  }

  /// - Parameter before: the term before, where it is known.
  static func cause(_ term: TermView, after before: TermView?) -> String {
    let node = term.byName ?? "a member"
    let former = before?.coordinatorName ?? "the coordinator before"
    let person = term.person.map { "\($0) at \(node)" } ?? node
    let detail = (term.detail.isEmpty ? "" : ": \(term.detail)") + (term.delegated ? ", a quorum delegates to it" : "")
    return switch term.cause {
    case "founded": "\(term.coordinatorName) founded the collaboration"
    case "lost": "\(node) lost \(former)" + detail
    case "idle": "\(node) saw \(former) decide nothing" + detail
    case "misbehaved": "\(node) found \(former) out" + detail
    case "called": "\(person) called an election" + detail
    case "transferred": "\(term.person == nil ? "\(node), by itself," : person) handed over" + detail
    default: "\(person): \(term.cause)" + detail
    }
  }

  /// A term with its cause in words; in documents the term alone.
  struct TermRow: Encodable {
    var term: TermView
    var cause: String

    func encode(to encoder: any Encoder) throws { try term.encode(to: encoder) }
  }

  static func rows(of view: ElectionView) -> [TermRow] {
    view.terms.map { TermRow(term: $0, cause: cause($0, in: view)) }
  }

  // MARK: Voters

  static func voters(of view: ElectionView) -> Listing<VoterView> {
    let coordinator = view.coordinator
    return Listing(
      nothing: "", name: { $0.node.hexadecimal },
      columns: [
        Column("RANK") { "\($0.rank)" },
        .id("NODE") { $0.node.digest },
        Column("NAME") { $0.name + ($0.node == coordinator ? " (coordinates)" : "") },
        .state("STATE") { $0.state },
        Column("WEIGHT") { HumanText.ppm($0.weightPPM) },
        Column("HOLDS") { "\($0.holds)" },
        Column("VOTED") { $0.voted ? "yes" : "-" },
      ])
  }
}
