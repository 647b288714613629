import AsyncHTTPClient
import Engine
import Interface
import Model
import NIOCore
import NIOHTTP1
import Testing

@Suite struct StreamTests {
  @Test func twentyMegabytesGoUpAndComeDownTheSame() async throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Random.seeded(seed)
    let block = random.bytes(1 << 20)
    var content: [UInt8] = []
    for index in 0..<20 { content += block.map { $0 &+ UInt8(index) } }
    let reference = ObjectReference(digest: Digest(of: content), byteCount: content.count)
    let whole = content
    try await Served.run { served in
      let client = served.client
      #expect(try await !client.hasObject(reference))
      try await client.putObject(reference, chunks: Pieces(content: whole, size: 77_777))
      #expect(try await client.hasObject(reference))
      let back = try await client.object(reference, limit: 32 << 20)
      #expect(back == whole, "seed \(seed)")
      var tail: [UInt8] = []
      try await client.readObject(reference, offset: whole.count - 100) { tail += $0 }
      #expect(tail == Array(whole.suffix(100)), "seed \(seed)")
    }
  }

  @Test func bytesThatAreNotTheObjectAreRefused() async throws {
    try await Served.run { served in
      let reference = ObjectReference(digest: Digest(of: "right".utf8), byteCount: 5)
      let error = await #expect(throws: ClientError.self) {
        try await served.client.putObject(reference, chunks: Pieces(content: Array("wrong".utf8), size: 2))
      }
      #expect(error?.refusal.kind == .invalid)
      let isKept = try await served.client.hasObject(reference)
      #expect(!isKept)
      let missing = await #expect(throws: ClientError.self) { try await served.client.object(reference, limit: 10) }
      #expect(missing?.refusal.kind == .notFound)
    }
  }

  @Test func aLengthThatContradictsTheReferenceIsRefused() async throws {
    try await Served.run { served in
      let digest = Digest(of: "right".utf8)
      let answer = try await served.raw(
        .PUT, "/v1/objects/\(digest)?byteCount=4", body: Array("right".utf8), headers: served.authorized)
      #expect(answer.status == 400)
      #expect(answer.body.contains("byteCount"))
    }
  }

  @Test func noticesComeInOrderWhileTheStreamIsOpen() async throws {
    let sample = try OpenAPIDocument().sample(of: NoticeView.self)
    try await Served.run { served in
      for number in 1...3 {
        var notice = sample
        notice.text = "line \(number)\nand \"more\""
        served.node.noticeSource.yield(notice)
      }
      var texts: [String] = []
      try await served.client.notices { notice in
        texts.append(notice.text)
        return texts.count < 3
      }
      #expect(texts == (1...3).map { "line \($0)\nand \"more\"" })
    }
  }

  @Test func aQuietStreamShowsThatItLives() async throws {
    var limits = APILimits()
    limits.heartbeat = .milliseconds(20)
    try await Served.run(limits: limits) { served in
      var request = HTTPClientRequest(url: "http://\(served.tcp)/v1/notices")
      for (name, value) in served.authorized { request.headers.add(name: name, value: value) }
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
      var text = ""
      for try await piece in response.body {
        text += String(buffer: piece)
        if text.ranges(of: ": alive").count > 1 { break }
      }
      #expect(text.hasPrefix(": jointcloud notices\n\n: alive\n\n"))
      #expect(response.headers["Content-Type"] == ["text/event-stream"])
    }
  }
}

/// Bytes in pieces of one size.
struct Pieces: AsyncSequence, Sendable {
  let content: [UInt8]
  let size: Int

  struct Iterator: AsyncIteratorProtocol {
    var left: ArraySlice<UInt8>
    let size: Int

    mutating func next() async throws -> [UInt8]? {
      guard !left.isEmpty else { return nil }
      defer { left = left.dropFirst(size) }
      return Array(left.prefix(size))
    }
  }

  func makeAsyncIterator() -> Iterator { Iterator(left: content[...], size: size) }
}
