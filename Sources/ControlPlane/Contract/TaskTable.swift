internal import Model

/// The tasks of a collaboration. It remembers the digests of those that did not change, and of those that are over all
/// in one, so that a digest of the state costs what is open and new.
struct TaskTable: Hashable, Sendable {
  private(set) var records: [TaskID: TaskRecord] = [:]
  /// In order of submission.
  private(set) var order: [TaskID] = []
  /// Those that are not over, in order of submission.
  private(set) var open: [TaskID] = []
  /// In the order of their ends.
  private(set) var over: [TaskID] = []
  /// The place of each in `order`.
  private var places: [TaskID: Int] = [:]
  private var memo = Remembered(Memo())

  private struct Memo: Sendable {
    /// Of open tasks that did not change since.
    var open: [TaskID: Digest] = [:]
    /// Tasks that are over and stand in the chain, the oldest.
    var chained = 0
    var chain = Digest.zero
    /// Of the whole state after an entry. It stands here since the state itself codes all that it stores.
    var state: (entry: Int, digest: Digest)?
  }

  /// The digest of the whole state, where it was made after this entry.
  func stateDigest(after entry: Int) -> Digest? {
    memo.value.state.flatMap { $0.entry == entry ? $0.digest : nil }
  }

  mutating func remember(stateDigest digest: Digest, after entry: Int) { memo.value.state = (entry, digest) }

  mutating func add(_ task: TaskRecord) {
    places[task.id] = order.count
    records[task.id] = task
    order.append(task.id)
    open.append(task.id)
  }

  /// Takes a task out to change it, so that its subtasks are not copied.
  mutating func take(_ id: TaskID) -> TaskRecord? { records.removeValue(forKey: id) }

  /// Puts back a task as it was taken out.
  mutating func putBack(_ task: TaskRecord) { records[task.id] = task }

  /// Puts back a task that changed.
  mutating func put(_ task: TaskRecord) {
    memo.value.open[task.id] = nil
    records[task.id] = task
    // At once, so that no digest has all of them to make in one step.
    if task.isOver { linkEnded() }
  }

  /// Nothing of a task changes any more.
  mutating func close(_ id: TaskID) {
    open.removeAll { $0 == id }
    over.append(id)
  }

  // MARK: Digests

  /// Each task that ends changes it: of those before, and this one's.
  private static func link(_ chain: Digest, _ task: Digest) -> Digest { Digest(of: chain.bytes + task.bytes) }

  /// What cannot be written waits for `remember`, which says why.
  private mutating func linkEnded() {
    for id in over.dropFirst(memo.value.chained) {
      guard records[id] != nil, (try? link(id)) != nil else { return }
    }
  }

  private mutating func link(_ id: TaskID) throws(JSONError) {
    memo.value.chain = Self.link(memo.value.chain, try digest(of: id))
    memo.value.chained += 1
    memo.value.open[id] = nil
  }

  /// Makes the digests that are not remembered.
  ///
  /// - Throws: `JSONError` for numbers out of range.
  mutating func remember() throws(JSONError) {
    for id in open where memo.value.open[id] == nil { memo.value.open[id] = try digest(of: id) }
    for id in over.dropFirst(memo.value.chained) { try link(id) }
  }

  private mutating func digest(of id: TaskID) throws(JSONError) -> Digest {
    records[id]?.subtasks.remember()
    return Digest(of: try part(of: id))
  }

  /// The written form of a task without its subtasks.
  private func part(of id: TaskID) throws(JSONError) -> [UInt8] {
    try CanonicalJSON.encode(TaskPart(place: places[id] ?? 0, task: records[id]))
  }

  private struct TaskPart: Codable {
    /// In order of submission, from 0.
    var place: Int
    var task: TaskRecord?
  }
}

/// In a state's form stand the digests of open tasks, and one for all that are over; tasks are parts of their own.
extension TaskTable: Codable {
  private struct Summary: Codable {
    struct Open: Codable {
      var digest: Digest
      var task: TaskID
    }

    struct Over: Codable {
      var chain: Digest
      var count: Int
    }

    var open: [Open]
    var over: Over
  }

  /// Until `takeUp` there are no records.
  init(from decoder: any Decoder) throws {
    let summary = try Summary(from: decoder)
    guard summary.over.count >= 0 else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "less than no tasks"))
    }
    open = summary.open.map(\.task)
    memo.value = Memo(
      open: Dictionary(summary.open.map { ($0.task, $0.digest) }, uniquingKeysWith: { known, _ in known }),
      chained: summary.over.count, chain: summary.over.chain)
  }

  func encode(to encoder: any Encoder) throws {
    var known = self
    try known.remember()
    let memo = known.memo.value
    let open = open.map { Summary.Open(digest: memo.open[$0] ?? .zero, task: $0) }
    try Summary(open: open, over: .init(chain: memo.chain, count: memo.chained)).encode(to: encoder)
  }

  // MARK: Parts

  /// Those that a disk lacks.
  mutating func parts(beyond kept: inout KeptParts) throws(JSONError) -> [StatePart] {
    try remember()
    var parts: [StatePart] = []
    var open: [TaskID: [Digest]] = [:]
    for id in self.open + over.dropFirst(kept.over) {
      guard let subtasks = records[id]?.subtasks else { continue }
      let blocks = subtasks.blockDigests
      let before = kept.open[id] ?? []
      // None for what ended since: its end changed it.
      let digest = memo.value.open[id]
      if digest == nil || before.first != digest {
        parts.append(StatePart(name: Self.name(of: id), bytes: try part(of: id)))
      }
      for (index, block) in blocks.enumerated() where before.dropFirst(index + 1).first != block {
        parts.append(StatePart(name: Self.name(of: id, block: index), bytes: subtasks.block(index)))
      }
      if let digest { open[id] = [digest] + blocks }
    }
    kept.over = over.count
    kept.open = open
    return parts
  }

  private static let prefix = "task/"
  private static func name(of id: TaskID) -> String { prefix + id.hexadecimal }
  private static func name(of id: TaskID, block: Int) -> String { "\(prefix)\(id.hexadecimal)/\(block)" }

  /// Becomes whole from what its summary names.
  mutating func takeUp(_ parts: [String: [UInt8]]) throws(StateFormError) -> KeptParts {
    var kept = KeptParts()
    var tasks: [(place: Int, task: TaskRecord, digest: Digest)] = []
    let names = parts.keys.filter { $0.utf8.count == Self.prefix.utf8.count + 64 && $0.hasPrefix(Self.prefix) }
    for name in names.sorted() {
      guard let bytes = parts[name] else { continue }
      var (place, task) = try Self.read(bytes, name)
      for index in 0..<task.subtasks.blockCount {
        let part = Self.name(of: task.id, block: index)
        guard let bytes = parts[part] else { throw .missing(part) }
        guard task.subtasks.takeUp(bytes, block: index) else { throw .other(part) }
      }
      tasks.append((place, task, Digest(of: bytes)))
    }
    tasks.sort { $0.place < $1.place }
    guard tasks.map(\.place) == Array(tasks.indices) else { throw .other("the order of tasks") }
    for (place, task, digest) in tasks {
      order.append(task.id)
      places[task.id] = place
      records[task.id] = task
      if !task.isOver {
        guard memo.value.open[task.id] == digest else { throw .other(Self.name(of: task.id)) }
        kept.open[task.id] = [digest] + task.subtasks.blockDigests
      }
    }
    guard open == order.filter({ records[$0]?.isOver == false }) else { throw .missing("an open task") }
    let ended = tasks.filter(\.task.isOver).sorted { ($0.task.ending?.entry ?? 0) < ($1.task.ending?.entry ?? 0) }
    let chain = ended.reduce(Digest.zero) { Self.link($0, $1.digest) }
    guard ended.count == memo.value.chained, chain == memo.value.chain else { throw .other("the tasks that are over") }
    over = ended.map(\.task.id)
    kept.over = over.count
    return kept
  }

  private static func read(_ bytes: [UInt8], _ name: String) throws(StateFormError) -> (Int, TaskRecord) {
    do {
      let part = try CanonicalJSON.decode(TaskPart.self, from: bytes, limit: .max)
      guard let task = part.task, Self.name(of: task.id) == name,
        task.subtasks.count == task.submission.totalSubtasks
      else { throw StateFormError.other(name) }
      return (part.place, task)
    } catch let error as StateFormError {
      throw error
    } catch {
      throw .malformed(name, "\(error)")
    }
  }
}
