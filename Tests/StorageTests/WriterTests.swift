import Engine
import LedgerFixtures
import Model
import Storage
import Synchronization
import Testing

@Suite struct WriterTests {
  let folder: TemporaryFolder
  let database: NodeDatabase

  init() throws {
    folder = try TemporaryFolder()
    database = try folder.open(FixtureLedger())
  }

  @Test func ticketsComeBackInOrderOnceTheirStepsAreDurable() async throws {
    let writer = Writer(database)
    for number in 1...5_000 {
      try writer.enqueue(
        [.document(key: "counter", value: Array("\(number)".utf8))], ticket: WriteTicket(UInt64(number)))
    }
    writer.finish()
    let seen = Mutex<[UInt64]>([])
    try await writer.run { tickets in seen.withLock { $0.append(contentsOf: tickets.map(\.value)) } }
    #expect(seen.withLock { $0 } == Array(1...5_000))
    #expect(try database.recover().documents["counter"] == Array("5000".utf8))
    #expect(throws: StorageError.closed) { try writer.enqueue([], ticket: WriteTicket(1)) }
  }

  @Test func whoSubmitsReturnsWhenTheStepIsOnDisk() async throws {
    let writer = Writer(database)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await writer.run { _ in } }
      for number in 0..<100 { try await writer.submit([.document(key: "\(number)", value: [1])]) }
      #expect(try database.recover().documents.count == 100)
      writer.finish()
      try await group.waitForAll()
    }
  }

  @Test func whatWasPutInBeforeIsOnDiskOnceTheWriterHasSettled() async throws {
    let writer = Writer(database)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await writer.run { _ in } }
      for number in 0..<100 {
        try writer.enqueue([.document(key: "\(number)", value: [1])], ticket: WriteTicket(UInt64(number)))
        if number.isMultiple(of: 10) {
          try await writer.settle()
          #expect(try database.recover().documents.count == number + 1)
        }
      }
      writer.finish()
      try await group.waitForAll()
    }
  }

  @Test func afterAFailureNothingMoreIsWrittenAndEverybodyIsTold() async throws {
    let writer = Writer(database)
    let bad = Write.eventState(id: "none", state: .dead, attempts: 0, result: nil)
    try writer.enqueue([bad], ticket: WriteTicket(1))
    await #expect(throws: StorageError.self) {
      try await writer.run { _ in Issue.record("a failed step was reported as durable") }
    }
    #expect(throws: StorageError.self) {
      try writer.enqueue([.document(key: "late", value: [1])], ticket: WriteTicket(2))
    }
    await #expect(throws: StorageError.self) { try await writer.submit([]) }
    #expect(try database.recover().documents.isEmpty)
  }

  @Test func theQueueIsBounded() throws {
    let writer = Writer(database)
    for number in 0..<Writer.waitingLimit { try writer.enqueue([], ticket: WriteTicket(UInt64(number))) }
    #expect(throws: StorageError.overloaded(limit: Writer.waitingLimit)) {
      try writer.enqueue([], ticket: WriteTicket(0))
    }
  }

  @Test func cancellingWritesWhatWaitsAndEnds() async throws {
    let writer = Writer(database)
    try writer.enqueue([.document(key: "a", value: [1])], ticket: WriteTicket(1))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await writer.run { _ in } }
      group.cancelAll()
      try await group.waitForAll()
    }
    #expect(try database.recover().documents["a"] == [1])
  }
}
