import Engine
import HTTPTypes
import Hummingbird
import Model
import NIOCore

func addObjectRoutes(to table: RouteTable) {
  let service = table.service
  let limits = table.limits
  table.stream("/v1/objects/{digest}", .head) { request, context in
    let reference = try reference(request, context)
    guard try await service.hasObject(reference) else { throw missing(reference) }
    return Response(status: .ok, headers: [.contentType: "application/octet-stream"])
  }
  table.stream("/v1/objects/{digest}", .put) { request, context in
    let reference = try reference(request, context)
    if let length = request.headers[.contentLength], length != "\(reference.byteCount)" {
      throw Refusal(
        .invalid, "Content-Length \(length) differs from byteCount=\(reference.byteCount)", subject: "byteCount")
    }
    try await service.putObject(
      reference, chunks: BoundedChunks(body: request.body, byteCount: reference.byteCount))
    return try .json(reference)
  }
  table.stream("/v1/objects/{digest}", .get) { request, context in
    let reference = try reference(request, context)
    guard try await service.hasObject(reference) else { throw missing(reference) }
    let offset = try request.queryNumber("offset", default: 0, in: 0...reference.byteCount)
    return Response(
      status: .ok, headers: [.contentType: "application/octet-stream"],
      body: content(of: reference, from: offset, service: service, piece: limits.objectPieceBytes))
  }
}

private func content(
  of reference: ObjectReference, from start: Int, service: any NodeService, piece: Int
) -> ResponseBody {
  ResponseBody(contentLength: reference.byteCount - start) { writer in
    var offset = start
    while offset < reference.byteCount {
      let limit = min(piece, reference.byteCount - offset)
      let bytes = try await service.readObject(reference, offset: offset, limit: limit)
      // An answer cut short makes the client's read fail, which is what must happen here.
      guard !bytes.isEmpty, bytes.count <= limit else { throw missing(reference) }
      offset += bytes.count
      try await writer.write(ByteBuffer(bytes: bytes))
    }
    try await writer.finish(nil)
  }
}

private func missing(_ reference: ObjectReference) -> Refusal {
  Refusal(
    .notFound, "this node does not hold object \(reference.digest) of \(reference.byteCount) bytes", subject: "digest")
}

private func reference(
  _ request: Request, _ context: APIContext
) throws -> ObjectReference {
  let id: ID<Subject.Statement> = try APIContext.id(try context.text("digest"), name: "digest")
  guard request.uri.queryParameters.get("byteCount") != nil else {
    throw Refusal(
      .invalid, "byteCount is missing: an object is named by its digest and its length", subject: "byteCount")
  }
  let byteCount = try request.queryNumber("byteCount", default: 0, in: 0...Int(JSON.integerLimit))
  return ObjectReference(digest: id.digest, byteCount: byteCount)
}

/// The pieces of a body, ended with an error once they are more than was announced.
struct BoundedChunks: AsyncSequence, Sendable {
  let body: RequestBody
  let byteCount: Int

  struct Iterator: AsyncIteratorProtocol {
    var body: RequestBody.AsyncIterator
    var left: Int

    @concurrent
    mutating func next() async throws -> [UInt8]? {
      guard let buffer = try await body.next() else { return nil }
      left -= buffer.readableBytes
      guard left >= 0 else {
        throw Refusal(.invalid, "more bytes than byteCount says", subject: "byteCount")
      }
      return Array(buffer.readableBytesView)
    }
  }

  func makeAsyncIterator() -> Iterator { Iterator(body: body.makeAsyncIterator(), left: byteCount) }
}
