import Overlay
import Testing

@testable import Transport

@Suite struct OutboxTests {
  private func frame(_ byte: UInt8, bytes: Int = 1_000) -> [UInt8] { Array(repeating: byte, count: bytes) }

  private func taken(_ outbox: Outbox, byteLimit: Int) -> [UInt8] {
    guard case .frames(let frames) = outbox.take(byteLimit: byteLimit) else { return [] }
    return frames.compactMap(\.first)
  }

  @Test func controlOvertakesBulkThatCameFirst() {
    let outbox = Outbox(byteLimit: 1 << 20, frameLimit: 100)
    for byte in [1, 2] as [UInt8] { #expect(outbox.put(frame(byte), .bulk)) }
    for byte in [3, 4] as [UInt8] { #expect(outbox.put(frame(byte), .control)) }
    #expect(taken(outbox, byteLimit: 1_000) == [3])
    #expect(taken(outbox, byteLimit: 1 << 20) == [4, 1, 2])
  }

  @Test func controlWithoutEndDoesNotStarveBulk() {
    let outbox = Outbox(byteLimit: 4 << 20, frameLimit: 10_000)
    let burst = Outbox.controlBurst / 1_000 + 1
    for _ in 0..<2 { #expect(outbox.put(frame(9), .bulk)) }
    for _ in 0..<3 * burst { #expect(outbox.put(frame(0), .control)) }
    let order = taken(outbox, byteLimit: 4 << 20)
    #expect(order.indices.filter { order[$0] == 9 } == [burst, 2 * burst + 1])
  }

  @Test func whatFindsNoRoomIsRefusedAndWhatIsThereStillGoes() {
    let outbox = Outbox(byteLimit: 2_500, frameLimit: 100)
    #expect(outbox.put(frame(1), .bulk) && outbox.put(frame(2), .control) && !outbox.put(frame(3), .control))
    outbox.end(.idle)
    #expect(taken(outbox, byteLimit: 1 << 20) == [2, 1])
    guard case .ended = outbox.take(byteLimit: 1) else { return #expect(Bool(false), "it has not ended") }
    #expect(outbox.ending == .idle)
  }
}
