import LedgerFixtures
import Model
import Testing

@Suite struct ConfigurationTests {
  let nodes: [NodeID]

  init() throws {
    nodes = try (1...40).map { try FixtureNode($0).id }.sorted()
  }

  func made(_ count: Int, next: Range<Int>? = nil) throws -> Configuration {
    try Configuration(
      voters: nodes[..<count].map { .init(node: $0, epoch: 1) },
      next: next.map { nodes[$0].map { .init(node: $0, epoch: 1) } })
  }

  func read(_ text: String) throws -> Configuration {
    try CanonicalJSON.decode(Configuration.self, from: Array(text.utf8), limit: 65_536)
  }

  @Test func quorumsAreTheSmallestThatAlwaysMeet() throws {
    for count in 1...Configuration.voterLimit {
      let (quorum, faults) = (Configuration.quorum(of: count), Configuration.faultsTolerated(of: count))
      #expect(faults == (count < 4 ? 0 : (count - 1) / 3), "\(count)")
      // Two quorums have an honest voter in common, and one less would not do.
      #expect(2 * quorum - count > faults && 2 * (quorum - 1) - count <= faults, "\(count): \(quorum)")
      // Where all that may lie are silent, the others decide.
      #expect(quorum <= count - faults, "\(count): \(quorum)")
    }
    #expect((1...10).map(Configuration.quorum(of:)) == [1, 2, 2, 3, 4, 4, 5, 6, 6, 7])
    #expect((31, 21) == (31, Configuration.quorum(of: 31)))
  }

  @Test func aQuorumIsCountedFromVotersOnly() throws {
    for count in 1...Configuration.voterLimit {
      let configuration = try made(count)
      let quorum = Configuration.quorum(of: count)
      let strangers = nodes[count...]
      #expect(configuration.isQuorum(Set(nodes[..<quorum]).union(strangers)))
      #expect(!configuration.isQuorum(Set(nodes[..<(quorum - 1)]).union(strangers)), "\(count)")
      #expect(configuration.missing(from: Set(nodes[..<(quorum - 1)]).union(strangers)) == 1)
      #expect(configuration.missing(from: Set(nodes)) == 0)
      #expect(configuration.missing(from: []) == quorum)
    }
  }

  @Test func aJointOneNeedsAQuorumOfEach() throws {
    // Voters 0 to 3 give way to 2 to 8: three of four, and five of seven.
    let joint = try made(4, next: 2..<9)
    #expect(joint.allVoters.map(\.node) == Array(nodes[..<9]))
    #expect(joint.hasVote(nodes[0]) && joint.hasVote(nodes[8]) && !joint.hasVote(nodes[9]))
    #expect(joint.isQuorum(Set(nodes[1...6])))
    #expect(!joint.isQuorum(Set(nodes[2...8])) && joint.missing(from: Set(nodes[2...8])) == 1)
    #expect(!joint.isQuorum(Set(nodes[0...5])) && joint.missing(from: Set(nodes[0...5])) == 1)
    #expect(try joint.hash != made(4).hash)
  }

  @Test func itIsWrittenAsPublishedAndReadsBack() throws {
    for configuration in [try made(1), try made(3), try made(4), try made(31), try made(4, next: 2..<9)] {
      let bytes = try CanonicalJSON.encode(configuration)
      #expect(try CanonicalJSON.decode(Configuration.self, from: bytes, limit: 65_536) == configuration)
      #expect(configuration.hash == Digest(of: bytes))
    }
    let voters = nodes[..<3].map { #"{"epoch":1,"node":"\#($0.hexadecimal)"}"# }
    let text = #"{"quorum":"majority","voters":[\#(voters.joined(separator: ","))]}"#
    #expect(try read(text) == made(3))
    let others = [
      text.replacing("majority", with: "byzantine"), text.replacing("majority", with: "all"),
      #"{"quorum":"majority","voters":[\#(voters.reversed().joined(separator: ","))]}"#,
      #"{"quorum":"majority","voters":[\#((voters + [voters[2]]).joined(separator: ","))]}"#,
      #"{"quorum":"majority","voters":[]}"#, text.replacing("\"epoch\":1", with: "\"epoch\":0"),
      text.replacing("{\"quorum\"", with: "{\"more\":1,\"quorum\""),
    ]
    for other in others { #expect(throws: (any Error).self, "\(other)") { try read(other) } }
  }

  @Test func votersStandByNodeWhateverTheirOrderWas() throws {
    let voters = nodes[..<9].map { Configuration.Voter(node: $0, epoch: 1) }
    let configuration = try Configuration(voters: voters.shuffled())
    #expect(configuration.voters == voters)
    #expect(try configuration == made(9))
    #expect(configuration.epoch(of: nodes[8]) == 1 && configuration.epoch(of: nodes[9]) == nil)
  }

  @Test func votersThatMakeNoneAreRefused() throws {
    let voter = Configuration.Voter(node: nodes[0], epoch: 1)
    #expect(throws: ConfigurationError.count(0)) { try Configuration(voters: []) }
    #expect(throws: ConfigurationError.count(32)) { try made(32) }
    #expect(throws: ConfigurationError.repeated(nodes[0])) { try Configuration(voters: [voter, voter]) }
    #expect(throws: ConfigurationError.repeated(nodes[0])) {
      try Configuration(voters: [voter], next: [voter, .init(node: nodes[0], epoch: 2)])
    }
    #expect(throws: ConfigurationError.epoch(nodes[0], 0)) {
      try Configuration(voters: [.init(node: nodes[0], epoch: 0)])
    }
    #expect(throws: ConfigurationError.self) { try Configuration(voters: [.init(node: nodes[0], epoch: .max)]) }
  }
}
