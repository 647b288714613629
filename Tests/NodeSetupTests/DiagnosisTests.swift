import Model
import Node
import Overlay
import Testing

@testable import Engine

@Suite struct DiagnosisTests {
  private func traffic(received: Int) -> TrafficView {
    TrafficView(
      datagramsSent: 9, datagramsReceived: received, datagramBytesSent: 0, datagramBytesReceived: 0, framesSent: 0,
      framesReceived: 0, frameBytesSent: 0, frameBytesReceived: 0, factBodiesReceived: 0, factsTaken: 0,
      factHopsMost: 0, failures: 0)
  }

  private func finding(
    _ outcomes: [PingOutcome], received: Int = 5, addresses: [String] = ["10.0.0.2:7001"]
  ) throws -> DoctorFinding {
    try #require(
      NetworkDiagnosis.datagrams(
        outcomes, listenAddress: "10.0.0.1:7001", addresses: addresses, traffic(received: received)))
  }

  private let millisecond = Duration.milliseconds(1)

  @Test func aBlockedPortIsNamedWithItsNumberWhereTCPAnswersAndUDPDoesNot() throws {
    let blocked = try finding([.answeredOnStream(roundTrip: millisecond), .silent], received: 0)
    #expect(!blocked.ok && blocked.subject == "datagrams")
    #expect(blocked.detail.contains("UDP is blocked: 1 of 2") && blocked.detail.contains("none was ever received"))
    #expect(blocked.remedy.contains("7001"))
  }

  @Test func oneStraightAnswerShowsThatThePortIsOpen() throws {
    #expect(try finding([.answered(roundTrip: millisecond), .answeredOnStream(roundTrip: millisecond)]).ok)
    #expect(try !finding([.answeredThroughOthers(roundTrip: millisecond)]).ok)
    #expect(try !finding([.silent, .unknown]).ok)
    let nobody = NetworkDiagnosis.datagrams([], listenAddress: "10.0.0.1:1", addresses: [], traffic(received: 1))
    #expect(nobody == nil, "nobody was asked")
  }

  @Test func aNodeOfOneFamilyOfAddressesAmongOthersOfTheOtherIsNoBlockedPort() throws {
    let onStream = [PingOutcome.answeredOnStream(roundTrip: millisecond)]
    let parted = try finding(onStream, addresses: ["[2001:db8::1]:7001", "[::1]:7001"])
    #expect(!parted.ok && parted.detail.contains("this node listens by IPv4") && !parted.detail.contains("blocked"))
    for mixed in [["[::1]:7001", "10.0.0.2:7001"], ["a.example:7001"], []] {
      #expect(try finding(onStream, addresses: mixed).detail.contains("blocked"), "\(mixed)")
    }
  }

  @Test func whoIsAloneHearsWhyTheSeedWasNotReachedOrThatAllHaveLeft() throws {
    let seed = Invitation.Seed(address: "no.example:7001", node: NodeID(Digest(of: [9])))
    let alone = try #require(
      NetworkDiagnosis.members(
        [], refusedBy: nil, seeds: [seed], dialProblems: ["no.example:7001": "no address is known"]))
    #expect(!alone.ok && alone.detail.hasSuffix("no.example:7001 (no address is known)"))
    let left = try #require(NetworkDiagnosis.members([member(1, "left")], refusedBy: nil, seeds: [seed]))
    #expect(left.ok && left.detail == "all others have left the network: n1")
  }

  @Test func aWorryingLocalHealthIsAFindingAndAGoodOneNone() {
    #expect(NetworkDiagnosis.localHealth(0) == nil)
    #expect(NetworkDiagnosis.localHealth(NetworkDiagnosis.worryingHealth - 1) == nil)
    #expect(NetworkDiagnosis.localHealth(NetworkDiagnosis.worryingHealth)?.ok == false)
  }

  @Test func aFewThatFailedAreToldOfAndMostThatFailedAreAProblem() throws {
    func finding(alive: Int, failed: Int, refuser: Int? = nil) -> DoctorFinding? {
      let states = Array(repeating: "alive", count: alive) + Array(repeating: "failed", count: failed)
      let members = states.enumerated().map { member($0.offset, $0.element) }
      return NetworkDiagnosis.members(members, refusedBy: refuser.map { members[$0].node }, seeds: [])
    }
    let few = try #require(finding(alive: 2, failed: 2))
    #expect(few.ok && few.detail == "2 of 4 others alive, failed: n2, n3" && few.remedy.contains("node ping"))
    #expect(finding(alive: 1, failed: 2)?.ok == false)
    #expect(finding(alive: 9, failed: 9)?.detail.hasSuffix("n15, n16 and 1 more") == true)
    #expect(finding(alive: 0, failed: 1)?.ok == false)
    let all = try #require(finding(alive: 3, failed: 0))
    #expect(all.ok && all.remedy.isEmpty)
    // That it does not answer who is not let in is told elsewhere.
    #expect(finding(alive: 0, failed: 1, refuser: 0) == nil)
    #expect(finding(alive: 1, failed: 1, refuser: 1)?.remedy == "")
  }

  private func member(_ number: Int, _ state: String) -> MemberView {
    MemberView(
      node: NodeID(Digest(of: [UInt8(number)])), name: "n\(number)", kind: "edge", addresses: ["10.0.0.\(number):1"],
      state: state, sinceMilliseconds: 0, isSelf: false, linked: true, roundTripMicroseconds: nil)
  }
}
