import Model
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

extension PeerMessage {
  /// The largest asked-for piece of a log, and the largest number, that a peer may name.
  private static let numberLimit = UInt64(JSON.integerLimit)

  var lane: Lane {
    switch self {
    case .ledgerEntries, .logChunk, .traceReply: .bulk
    case .ledgerHead, .ledgerRequest, .ledgerAcknowledgement, .logRequest, .traceRequest, .reportRequest, .report:
      .control
    }
  }

  var encoded: [UInt8] {
    OverlayFrame.encode(payload)
  }

  private var payload: WireFrame.OneOf_Payload {
    switch self {
    case .ledgerHead(let head):
      .ledgerHead(
        .with {
          $0.collaboration = Data(head.collaboration.digest.bytes)
          $0.number = UInt64(clamping: head.number)
          $0.hash = Data(head.hash.bytes)
        })
    case .ledgerRequest(let request):
      .ledgerRequest(
        .with {
          $0.collaboration = Data(request.collaboration.digest.bytes)
          $0.from = UInt64(clamping: request.from)
          $0.limit = UInt32(clamping: request.limit)
        })
    case .ledgerEntries(let entries):
      .ledgerEntries(
        .with {
          $0.collaboration = Data(entries.collaboration.digest.bytes)
          $0.entries = entries.entries.map { Data($0) }
          $0.proposals = entries.proposals.map(WireSignedStatement.init)
        })
    case .ledgerAcknowledgement(let acknowledgement):
      .ledgerAck(
        .with {
          $0.collaboration = Data(acknowledgement.collaboration.digest.bytes)
          $0.number = UInt64(clamping: acknowledgement.number)
          $0.hash = Data(acknowledgement.hash.bytes)
          $0.statement = WireSignedStatement(acknowledgement.statement)
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
    case .ledgerHead(let head):
      self = .ledgerHead(
        LedgerHead(
          collaboration: CollaborationID(try Digest(wire: head.collaboration)), number: try Self.number(head.number),
          hash: try Digest(wire: head.hash)))
    case .ledgerRequest(let request):
      self = .ledgerRequest(
        LedgerRequest(
          collaboration: CollaborationID(try Digest(wire: request.collaboration)),
          from: try Self.number(request.from), limit: Int(request.limit)))
    case .ledgerEntries(let entries): self = .ledgerEntries(try Self.entries(entries))
    case .ledgerAck(let ack):
      self = .ledgerAcknowledgement(
        LedgerAcknowledgement(
          collaboration: CollaborationID(try Digest(wire: ack.collaboration)), number: try Self.number(ack.number),
          hash: try Digest(wire: ack.hash), statement: try ack.statement.signedStatement()))
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

  private static func entries(_ wire: WireLedgerEntries) throws(FrameError) -> LedgerEntries {
    guard wire.entries.count <= LedgerEntries.countLimit, wire.proposals.count <= LedgerEntries.countLimit else {
      throw FrameError(what: "entries")
    }
    var proposals: [SignedStatement] = []
    for proposal in wire.proposals { proposals.append(try proposal.signedStatement()) }
    return LedgerEntries(
      collaboration: CollaborationID(try Digest(wire: wire.collaboration)), entries: wire.entries.map { Array($0) },
      proposals: proposals)
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
