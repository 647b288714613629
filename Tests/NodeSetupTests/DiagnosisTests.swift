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

  private func finding(_ outcomes: [PingOutcome], received: Int = 5) -> DoctorFinding {
    NetworkDiagnosis.datagrams(outcomes, listenAddress: "10.0.0.1:7001", traffic(received: received))
  }

  private let millisecond = Duration.milliseconds(1)

  @Test func aBlockedPortIsNamedWithItsNumberWhereTCPAnswersAndUDPDoesNot() {
    let blocked = finding([.answeredOnStream(roundTrip: millisecond), .silent], received: 0)
    #expect(!blocked.ok && blocked.subject == "datagrams")
    #expect(blocked.detail.contains("UDP is blocked: 1 of 2") && blocked.detail.contains("none was ever received"))
    #expect(blocked.remedy.contains("7001"))
  }

  @Test func oneStraightAnswerShowsThatThePortIsOpen() {
    #expect(finding([.answered(roundTrip: millisecond), .answeredOnStream(roundTrip: millisecond)]).ok)
    #expect(finding([]).ok)
    #expect(!finding([.answeredThroughOthers(roundTrip: millisecond)]).ok)
    #expect(!finding([.silent, .unknown]).ok)
  }

  @Test func aWorryingLocalHealthIsAFindingAndAGoodOneNone() {
    #expect(NetworkDiagnosis.localHealth(0) == nil)
    #expect(NetworkDiagnosis.localHealth(NetworkDiagnosis.worryingHealth - 1) == nil)
    #expect(NetworkDiagnosis.localHealth(NetworkDiagnosis.worryingHealth)?.ok == false)
  }
}
