internal import HeapModule
public import Model

/// The order in which a node handles events: priority, then deadline, then arrival (R28). Holds what is queued;
/// the engine writes every change in the same transaction as what came of it.
public struct EventQueues: Sendable {
  /// Events that one lane holds below `urgentPriority`; more are refused, which the sender learns.
  public static let capacity = 10_000
  /// From here on events always find room and are never behind tasks.
  public static let urgentPriority = 1_000
  /// Urgent events that one lane holds at most.
  public static let urgentCapacity = 1_000
  /// One author fills this part of a lane at most: a quarter.
  static let shareDivisor = 4
  /// Put off more often than this, an event is dead.
  public static let tryLimit = 30
  /// Called before its time more often than this, an event waits as long as any other.
  public static let hastenLimit = 64
  /// Ids of handled events that are remembered, so that a repeated delivery is known.
  public static let rememberedLimit = 65_536

  public enum Admission: Hashable, Sendable {
    case queued
    /// It is queued or was handled before: nothing to do.
    case known
    case full
  }

  public enum Postponement: Hashable, Sendable {
    /// Comes again, after this long.
    case again(after: Duration)
    /// Tried too often.
    case dead
  }

  private struct Key: Comparable {
    let priority: Int
    let deadline: Int64
    let sequence: Int
    let id: String

    static func < (left: Key, right: Key) -> Bool {
      if left.priority != right.priority { return left.priority > right.priority }
      if left.deadline != right.deadline { return left.deadline < right.deadline }
      return left.sequence < right.sequence
    }
  }

  private struct Waiting: Comparable {
    let due: Duration
    let key: Key

    static func < (left: Waiting, right: Waiting) -> Bool {
      left.due != right.due ? left.due < right.due : left.key < right.key
    }
  }

  private var events: [String: Event] = [:]
  private var ready = Heap<Key>()
  private var postponed = Heap<Waiting>()
  /// What a lane holds, of everybody or of one author.
  private struct Load: Hashable {
    let lane: Event.Lane
    let author: NodeID?
    let isUrgent: Bool
  }

  private let capacity: Int
  private var counts: [Load: Int] = [:]
  private var sequence = 0
  private var remembered: Set<String> = []
  private var rememberedOrder: [String] = []
  private var rememberedStart = 0

  /// - Parameter capacity: events of one lane below `urgentPriority`; tests take fewer.
  public init(capacity: Int = EventQueues.capacity) {
    self.capacity = capacity
  }

  /// Events that wait, the one being handled included.
  public var count: Int { events.count }

  /// Everything that waits, in order of arrival.
  public var all: [Event] {
    events.values.sorted { ($0.arrivalMilliseconds, $0.id) < ($1.arrivalMilliseconds, $1.id) }
  }

  public func contains(_ id: String) -> Bool { events[id] != nil || remembered.contains(id) }

  public mutating func enqueue(_ event: Event) -> Admission {
    guard !contains(event.id) else { return .known }
    let room = event.priority >= Self.urgentPriority ? Self.urgentCapacity : capacity
    for load in Self.loads(of: event) {
      let limit = load.author == nil ? room : max(1, room / Self.shareDivisor)
      guard counts[load, default: 0] < limit else { return .full }
    }
    for load in Self.loads(of: event) { counts[load, default: 0] += 1 }
    sequence += 1
    events[event.id] = event
    ready.insert(key(event, sequence))
    return .queued
  }

  /// The next event to handle; it stays counted until `finish` or `postpone`.
  public mutating func next(at moment: Moment) -> Event? {
    while let first = postponed.min, first.due <= moment.uptime {
      ready.insert(postponed.removeMin().key)
    }
    while let key = ready.popMin() {
      if let event = events[key.id] { return event }
    }
    return nil
  }

  /// Whether `next` would give an event now.
  public func hasNext(at moment: Moment) -> Bool {
    if !ready.isEmpty { return true }
    guard let due = postponed.min?.due else { return false }
    return due <= moment.uptime
  }

  /// How long until a postponed event is due; nil when there is none.
  public func untilNext(at moment: Moment) -> Duration? {
    postponed.min.map { max(.zero, $0.due - moment.uptime) }
  }

  /// Handled, whatever came of it.
  public mutating func finish(_ id: String) {
    remove(id)
    remember(id)
  }

  /// It was not for this node now: delivered again, it is taken anew.
  public mutating func discard(_ id: String) { remove(id) }

  /// Takes up an event's earlier end, after a restart.
  public mutating func remember(_ id: String) {
    guard remembered.insert(id).inserted else { return }
    rememberedOrder.append(id)
    guard rememberedOrder.count - rememberedStart > Self.rememberedLimit else { return }
    remembered.remove(rememberedOrder[rememberedStart])
    rememberedStart += 1
    if rememberedStart > Self.rememberedLimit {
      rememberedOrder.removeFirst(rememberedStart)
      rememberedStart = 0
    }
  }

  /// It cannot be handled yet: comes again later, at growing distances, in bounded tries.
  public mutating func postpone(_ id: String, at moment: Moment) -> Postponement {
    guard var event = events[id] else { return .dead }
    event.tries += 1
    guard event.tries <= Self.tryLimit else {
      finish(id)
      return .dead
    }
    events[id] = event
    let delay = Duration.milliseconds(min(1_000, 10 << min(event.tries, 7)))
    sequence += 1
    postponed.insert(Waiting(due: moment.uptime + delay, key: key(event, sequence)))
    return .again(after: delay)
  }

  /// Something that postponed events may wait for has come: they are ready again, and it costs them no try. What has
  /// been called in vain too often is not called any more, so that no waiting is without an end.
  public mutating func hasten() {
    var patient: [Waiting] = []
    while let waiting = postponed.popMin() {
      guard let hastened = events[waiting.key.id]?.hastened else { continue }
      guard hastened < Self.hastenLimit else {
        patient.append(waiting)
        continue
      }
      events[waiting.key.id]?.hastened += 1
      events[waiting.key.id]?.tries -= 1
      ready.insert(waiting.key)
    }
    for waiting in patient { postponed.insert(waiting) }
  }

  /// What it waited for has come: it is ready again.
  public mutating func resume(_ id: String) {
    guard let event = events[id] else { return }
    sequence += 1
    ready.insert(key(event, sequence))
  }

  private func key(_ event: Event, _ sequence: Int) -> Key {
    Key(
      priority: event.priority, deadline: event.deadlineMilliseconds ?? .max, sequence: sequence, id: event.id)
  }

  private mutating func remove(_ id: String) {
    guard let event = events.removeValue(forKey: id) else { return }
    for load in Self.loads(of: event) {
      counts[load, default: 1] -= 1
      if counts[load] == 0 { counts[load] = nil }
    }
  }

  private static func loads(of event: Event) -> [Load] {
    let isUrgent = event.priority >= urgentPriority
    let all = Load(lane: event.lane, author: nil, isUrgent: isUrgent)
    return event.author.map { [all, Load(lane: event.lane, author: $0, isUrgent: isUrgent)] } ?? [all]
  }
}
