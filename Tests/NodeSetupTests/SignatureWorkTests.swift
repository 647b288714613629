import Model
import Sodium
import Synchronization
import Testing

@testable import Engine
@testable import Node
@testable import Overlay

@Suite(.timeLimit(.minutes(1))) struct SignatureWorkTests {
  private let key: SigningKey
  private let statement: Statement

  init() throws {
    key = try SigningKey(seed: [UInt8](repeating: 7, count: 32))
    statement = try Statement(
      Announcement(text: "x", expiresMilliseconds: 1, trace: TraceID(.zero)), by: NodeID(.zero), epoch: 1,
      network: NetworkID(.zero))
  }

  /// The order in which one worker does what waited before it began: true for what is this node's own.
  private func order(own: Int, others: Int) async -> [Bool] {
    let work = SignatureWork(key: key, workers: 1)
    let signed = SignedStatement(statement, signature: key.sign(statement.signedBytes))
    for number in 0..<others {
      let check = Verification(
        id: VerificationID(UInt64(number)), subject: .statement(signed, key.verificationKey))
      #expect(work.put(.check(CheckingJob(number: UInt64(number)), .overlay(check))))
    }
    for number in 0..<own { #expect(work.put(.sign(SigningJob(number: UInt64(number)), statement))) }
    work.end()
    let done = Mutex<[Bool]>([])
    await work.run { inputs in
      done.withLock { done in
        for input in inputs { if case .signed = input { done.append(true) } else { done.append(false) } }
      }
    }
    return done.withLock { $0 }
  }

  @Test func whatIsThisNodesOwnGoesBeforeWhatOthersSent() async {
    let order = await order(own: 6, others: 500)
    #expect(order.count == 506)
    #expect(order.prefix(6).allSatisfy { $0 }, "\(order.prefix(16))")
  }

  @Test func othersAreNotStarvedByWhatIsThisNodesOwn() async {
    let order = await order(own: 500, others: 20)
    #expect(order.count == 520)
    #expect(order.prefix(80).count { !$0 } == 20, "a quarter is theirs: \(order.prefix(80))")
  }

  @Test func whatNobodyKeepsUpWithIsRefused() {
    let work = SignatureWork(key: key, workers: 1)
    let taken = (0..<SignatureWork.jobLimit + 3).count { work.put(.sign(SigningJob(number: UInt64($0)), statement)) }
    #expect(taken == SignatureWork.jobLimit)
  }
}
