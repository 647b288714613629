internal import Engine
internal import Model
package import Overlay

/// What one node holds another for, and since when.
package struct Sighting: Hashable, Sendable {
  package var state: MemberState
  package var since: Duration
}

/// A node took another for failed that was well, as it was itself.
package struct FalseDeath: Hashable, Sendable {
  package let observer: Int
  package let subject: Int
  package let at: Duration
}

/// A broadcast and who got it.
package struct Delivery: Hashable, Sendable {
  package let from: Int
  package let sent: Duration
  /// Those that ran when it was sent.
  package let audience: [Int]
  /// When each node was told first.
  package internal(set) var told: [Int: Duration] = [:]
  /// How often a node was told again.
  package internal(set) var repeats = 0
}

/// Looks on from outside: what nodes hold each other for, and which broadcasts they were told of.
package struct Observations: Sendable {
  private static let falseDeathsKept = 10_000

  /// By observer, then by subject; nil: it never heard of it.
  private var sightings: [[Sighting?]] = []
  private var running: Set<Int> = []
  var wellbeing = Wellbeing()
  package private(set) var falseDeaths: [FalseDeath] = []
  package private(set) var falseDeathCount = 0
  /// Suspicions of nodes that were well, by nodes that were.
  package private(set) var falseSuspicionCount = 0
  package private(set) var deliveries: [String: Delivery] = [:]
  /// By observer: announcements that nobody made through this world.
  package private(set) var strangeAnnouncements: [Int: Int] = [:]
  /// Removals of members on fewer words than it takes, of those that were well.
  package internal(set) var hastyRemovals: [FalseDeath] = []

  init() {}

  package func sighting(of subject: Int, by observer: Int) -> Sighting? {
    guard sightings.indices.contains(observer), sightings[observer].indices.contains(subject) else { return nil }
    return sightings[observer][subject]
  }

  // MARK: What happens

  mutating func began(_ index: Int, uptime: Duration) {
    while sightings.count <= index { sightings.append([]) }
    sightings[index] = []
    running.insert(index)
    wellbeing.recovered(index, from: .down, at: uptime)
  }

  mutating func ended(_ index: Int) { running.remove(index) }

  /// What a process takes up from its disk.
  mutating func knows(_ observer: Int, _ members: [(Int, MemberState)], uptime: Duration) {
    for (subject, state) in members { set(subject, by: observer, Sighting(state: state, since: uptime)) }
  }

  mutating func heard(_ notice: NoticeView, at observer: Int, about subject: Int?, uptime: Duration) {
    switch notice.kind {
    case "member.alive": saw(subject, .alive, by: observer, uptime)
    case "member.suspected": saw(subject, .suspected, by: observer, uptime)
    case "member.failed": saw(subject, .failed, by: observer, uptime)
    case "member.left": saw(subject, .left, by: observer, uptime)
    case "announcement": wasTold(notice.text, observer, uptime)
    default: break
    }
  }

  private mutating func set(_ subject: Int, by observer: Int, _ sighting: Sighting) {
    while sightings[observer].count <= subject { sightings[observer].append(nil) }
    sightings[observer][subject] = sighting
  }

  private mutating func saw(_ subject: Int?, _ state: MemberState, by observer: Int, _ uptime: Duration) {
    guard let subject else { return }
    set(subject, by: observer, Sighting(state: state, since: uptime))
    guard state == .failed || state == .suspected, running.contains(subject), wellbeing.isWell(subject, at: uptime),
      wellbeing.isWell(observer, at: uptime)
    else { return }
    if state == .suspected { return falseSuspicionCount += 1 }
    falseDeathCount += 1
    guard falseDeaths.count < Self.falseDeathsKept else { return }
    falseDeaths.append(FalseDeath(observer: observer, subject: subject, at: uptime))
  }

  // MARK: Broadcasts

  mutating func sent(_ text: String, from index: Int, uptime: Duration) {
    deliveries[text] = Delivery(
      from: index, sent: uptime, audience: running.subtracting([index]).sorted())
  }

  /// - Parameter line: "NAME: TEXT".
  private mutating func wasTold(_ line: String, _ observer: Int, _ uptime: Duration) {
    guard let colon = line.firstRange(of: ": ") else { return }
    let text = String(line[colon.upperBound...])
    guard deliveries[text] != nil else { return strangeAnnouncements[observer, default: 0] += 1 }
    if deliveries[text]?.told[observer] == nil {
      deliveries[text]?.told[observer] = uptime
    } else {
      deliveries[text]?.repeats += 1
    }
  }
}

extension SimulatedNetwork {
  /// Who runs and is not stopped, in order.
  package var live: [Int] { nodes.indices.filter { nodes[$0].isUp && !nodes[$0].isPaused } }

  /// A node tells all others; the text names the broadcast and is its own.
  package func broadcast(_ text: String, from index: Int, lifetimeMilliseconds: Int64 = 600_000) {
    observations.sent(text, from: index, uptime: now.uptime)
    command(.announce(text: text, lifetimeMilliseconds: lifetimeMilliseconds), at: index)
  }

  /// Whether every one of these hosts holds every other for what is said.
  package func all(_ observers: [Int], hold subjects: [Int], _ states: Set<MemberState>) -> Bool {
    firstMiss(observers, subjects, states) == nil
  }

  /// A pair for which it does not hold, if there is one.
  package func firstMiss(
    _ observers: [Int], _ subjects: [Int], _ states: Set<MemberState>
  ) -> (observer: Int, subject: Int, state: MemberState?)? {
    for observer in observers {
      for subject in subjects where subject != observer {
        let state = observations.sighting(of: subject, by: observer)?.state
        guard let state, states.contains(state) else { return (observer, subject, state) }
      }
    }
    return nil
  }

  /// Whether everybody who runs holds everybody who runs for alive.
  package var allSeeAll: Bool { all(live, hold: live, [.alive]) }

  /// Nodes that ran when a broadcast was sent, run now, and were not told.
  package func missing(_ text: String) -> [Int] {
    guard let delivery = observations.deliveries[text] else { return [] }
    return delivery.audience.filter { nodes[$0].isUp && delivery.told[$0] == nil }
  }
}
