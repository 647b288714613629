import Model
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

extension PeerMessage {
  /// The largest asked-for piece of a log, and the largest number, that a peer may name.
  private static let numberLimit = UInt64(JSON.integerLimit)

  var lane: Lane {
    switch self {
    case .logChunk, .traceReply: .bulk
    // Entries are many bytes, and what decides them must not wait behind those of others.
    case .consensus(let message): message.entries.isEmpty ? .control : .bulk
    case .logRequest, .traceRequest, .reportRequest, .report: .control
    }
  }

  var encoded: [UInt8] {
    OverlayFrame.encode(payload)
  }

  private var payload: WireFrame.OneOf_Payload {
    switch self {
    case .consensus(let message):
      .consensus(
        .with {
          $0.collaboration = Data(message.collaboration.digest.bytes)
          $0.kind = message.kind
          $0.statements = message.statements.map(WireSignedStatement.init)
          $0.entries = message.entries.map { Data($0) }
          $0.document = Data(message.document)
        })
    case .logRequest(let request):
      .logRequest(
        .with {
          $0.attempt = request.attempt.description
          $0.stream = request.stream.rawValue
          $0.offset = UInt64(clamping: request.offset)
          $0.limit = UInt32(clamping: request.limit)
        })
    case .logChunk(let chunk):
      .logChunk(
        .with {
          $0.attempt = chunk.attempt.description
          $0.stream = chunk.stream.rawValue
          $0.offset = UInt64(clamping: chunk.offset)
          $0.bytes = Data(chunk.bytes)
          $0.end = chunk.end
          $0.problem = chunk.problem ?? ""
        })
    case .traceRequest(let request): .traceRequest(WireTraceRequest(request))
    case .traceReply(let reply): .traceReply(WireTraceReply(reply))
    case .reportRequest: .reportRequest(WireReportRequest())
    case .report(let report): .report(WireReport(report))
    }
  }

  init(_ frame: WireFrame) throws(FrameError) {
    switch frame.payload {
    case .consensus(let message): self = .consensus(try Self.consensus(message))
    case .logRequest(let request):
      self = .logRequest(
        LogRequest(
          attempt: try Self.attempt(request.attempt), stream: try Self.stream(request.stream),
          offset: try Self.number(request.offset), limit: min(Int(request.limit), LogChunk.byteLimit)))
    case .logChunk(let chunk):
      guard chunk.bytes.count <= LogChunk.byteLimit else { throw FrameError(what: "log chunk") }
      self = .logChunk(
        LogChunk(
          attempt: try Self.attempt(chunk.attempt), stream: try Self.stream(chunk.stream),
          offset: try Self.number(chunk.offset), bytes: Array(chunk.bytes), end: chunk.end,
          problem: chunk.problem.isEmpty ? nil : chunk.problem.utf8Prefix(OverlayFrame.reasonByteLimit)))
    case .traceRequest(let request): self = .traceRequest(try request.request())
    case .traceReply(let reply): self = .traceReply(try reply.reply())
    case .reportRequest: self = .reportRequest
    case .report(let report): self = .report(try report.report())
    default: throw FrameError(what: "message")
    }
  }

  private static func consensus(_ wire: WireConsensus) throws(FrameError) -> Consensus {
    guard wire.entries.count <= Consensus.countLimit, wire.statements.count <= Consensus.countLimit,
      wire.kind.utf8.count <= Consensus.kindByteLimit, wire.document.count <= Consensus.documentByteLimit
    else { throw FrameError(what: "consensus") }
    var statements: [SignedStatement] = []
    for statement in wire.statements { statements.append(try statement.signedStatement()) }
    return Consensus(
      collaboration: CollaborationID(try Digest(wire: wire.collaboration)), kind: wire.kind, statements: statements,
      entries: wire.entries.map { Array($0) }, document: Array(wire.document))
  }

  private static func number(_ number: UInt64) throws(FrameError) -> Int {
    guard number <= numberLimit else { throw FrameError(what: "number") }
    return Int(number)
  }

  private static func attempt(_ text: String) throws(FrameError) -> AttemptID {
    guard let attempt = AttemptID(text) else { throw FrameError(what: "attempt") }
    return attempt
  }

  private static func stream(_ text: String) throws(FrameError) -> LogStream {
    guard let stream = LogStream(rawValue: text) else { throw FrameError(what: "stream") }
    return stream
  }
}
