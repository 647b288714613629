public import Model

// Numbers and texts that others chose, held within what the fold can count with. Sums of bounded numbers cannot
// overflow, so no record ends a process.

extension Amounts {
  /// The largest amounts that anybody may declare or ask for: a million cores, a petabyte.
  public static let most = Amounts(cpuMillicores: 1_000_000_000, memoryBytes: 1 << 50)

  /// Neither below zero nor above `most`.
  public var isBounded: Bool {
    cpuMillicores >= 0 && memoryBytes >= 0 && fits(in: .most)
  }
}

extension ContractDocument {
  /// The highest price of a CPU-second, in millionths of a credit.
  public static let priceLimit = 10_000_000

  /// Which number is out of range; nil when all are within it.
  public var disorder: String? {
    let moves = [
      weights.acceptedPPM, weights.declinedPPM, weights.ignoredPPM, weights.failedPPM, weights.completedPPM,
    ]
    if !moves.allSatisfy({ (-1_000_000_000...1_000_000_000).contains($0) }) { return "a weight's move" }
    // A range of numbers that are not in order would end the process.
    if weights.floorPPM < 1 || weights.ceilingPPM < weights.floorPPM || weights.ceilingPPM > 1_000_000_000 {
      return "the weights' floor or ceiling"
    }
    if !(weights.floorPPM...weights.ceilingPPM).contains(weights.initialPPM) { return "the first weight" }
    if !(0...Self.priceLimit).contains(price.microPerCPUSecond) { return "the price" }
    if !admission.minimum.isBounded || !(1...100).contains(admission.membersAtMost) { return "the admission" }
    let times = [
      negotiation.replyMilliseconds, negotiation.signMilliseconds, dispatch.offerMilliseconds,
      dispatch.leaseMarginMilliseconds, dispatch.capacityRetryMilliseconds,
    ]
    if !times.allSatisfy({ (0...Submission.timeLimitMilliseconds).contains($0) }) { return "a time" }
    if !(1...100).contains(dispatch.offerSubtasks) || !(1...1_000).contains(dispatch.attemptsAtMost) {
      return "the dispatch"
    }
    let elections = [election.callIntervalMilliseconds, election.requestMilliseconds, election.staggerMilliseconds]
    if !elections.allSatisfy({ (0...Submission.timeLimitMilliseconds).contains($0) }) { return "a time of elections" }
    if !(100...600_000).contains(election.timeoutMilliseconds) { return "the election timeout" }
    if !(1...100).contains(election.callsNeeded) || !(1...Configuration.voterLimit).contains(election.votersAtMost) {
      return "the number of voters or of calls"
    }
    if !(1...16_384).contains(snapshots.intervalEntries) { return "the entries between digests of the state" }
    if dispatch.strategy != Self.standard.dispatch.strategy { return "the strategy" }
    return name.utf8.count <= 64 ? nil : "the name"
  }
}

extension RosterMember {
  /// The largest canonical form of a member, so that a roster with all its signatures fits into one entry.
  public static let byteLimit = 1_280

  /// What is out of range in what a member declares; nil when all is within it.
  public var disorder: String? {
    if !(1...64).contains(name.utf8.count) || owner.utf8.count > 128 || kind.utf8.count > 32 { return "a name" }
    if adapters.count > 32 || !adapters.allSatisfy({ $0.utf8.count <= 32 }) { return "the adapters" }
    if !total.isBounded { return "the amounts" }
    if !(0...ContractDocument.priceLimit).contains(priceMicroPerCPUSecond) { return "the price" }
    let byteCount = (try? CanonicalJSON.encode(self).count) ?? .max
    return byteCount <= Self.byteLimit ? nil : "the length of all that it declares"
  }
}

extension Submission {
  /// The longest time that anything may take: about four months.
  public static let timeLimitMilliseconds = 10_000_000_000
  /// The end of the times of submission: about the year 5138.
  public static let latestMilliseconds: Int64 = 100_000_000_000_000
  public static let subtaskLimit = 100_000
  /// Subtasks of all open tasks of a collaboration together, which every member keeps in memory.
  public static let openSubtaskLimit = 200_000
  /// The largest signed submission, in bytes: an entry holds it whole.
  public static let byteLimit = 32 * 1_024

  /// What is out of range; nil when all is within it.
  public var disorder: String? {
    if !(1...Self.subtaskLimit).contains(subtaskCount) { return "1 to \(Self.subtaskLimit) subtasks" }
    if !(1...1_000).contains(attemptLimit) { return "1 to 1000 attempts" }
    if !needs.isBounded || !reduceNeeds.isBounded { return "needs below zero or beyond a petabyte" }
    let times = [
      timeouts.negotiateMilliseconds, timeouts.queueMilliseconds, timeouts.executeMilliseconds,
      timeouts.totalMilliseconds,
    ]
    if !times.allSatisfy({ (1...Self.timeLimitMilliseconds).contains($0) }) { return "timeouts of 1 ms to 115 days" }
    if !(0...Self.latestMilliseconds).contains(submittedMilliseconds) { return "a submission between 1970 and 5138" }
    if specification.byteCount < 0 { return "a specification of less than no bytes" }
    return (-100...100).contains(priority) ? nil : "a priority of -100 to 100"
  }
}

extension AttemptResult {
  /// What is out of range in what a participant reports; nil when all is within it.
  public var disorder: String? {
    // Sums over all subtasks, times the price, stay countable.
    if !(0...100_000_000_000).contains(usage.cpuMilliseconds) { return "CPU time" }
    if usage.wallMilliseconds < 0 || usage.peakMemoryBytes < 0 { return "usage" }
    return files.allSatisfy(\.isPlain) ? nil : "a result's path or size"
  }
}

extension ResultObject {
  /// Whether the path stays below the folder that results are put into.
  var isPlain: Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return (1...1_024).contains(path.utf8.count) && content.byteCount >= 0
      && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }
}

extension Credits {
  /// Sums stop at what canonical JSON can hold.
  static let most = 1 << 52

  mutating func add(microUpToMost micro: Int) {
    self.micro = min(Self.most, self.micro + min(micro, Self.most))
  }
}
