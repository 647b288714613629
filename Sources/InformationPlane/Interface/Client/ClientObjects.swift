import AsyncHTTPClient
import Engine
public import Model
import NIOCore
import NIOHTTP1
import Synchronization

/// Content by hash, in pieces: nothing is held whole in memory.
extension Client {
  /// Bounds the time for one object, up or down; large ones take what they take on a slow disk.
  static let objectTimeout = Duration.seconds(3_600)

  public func hasObject(_ reference: ObjectReference) async throws -> Bool {
    do {
      _ = try await send(objectRequest(.HEAD, reference), timeout: timeout)
      return true
    } catch ClientError.refused(let refusal) where refusal.kind == .notFound {
      return false
    }
  }

  /// Stores an object; the node refuses it when the bytes do not hash to the reference.
  ///
  /// - Throws: what `chunks` throws, as it is: the broken request is only what follows from it.
  public func putObject<Chunks: AsyncSequence & Sendable>(
    _ reference: ObjectReference, chunks: Chunks
  ) async throws where Chunks.Element == [UInt8] {
    var request = objectRequest(.PUT, reference)
    let problem = SourceProblem()
    request.body = .stream(
      BufferedChunks(base: chunks, problem: problem), length: .known(Int64(reference.byteCount)))
    request.headers.add(name: "Content-Type", value: "application/octet-stream")
    do {
      _ = try await send(request, timeout: Self.objectTimeout)
    } catch {
      throw problem.first ?? error
    }
  }

  public func putObject(_ bytes: [UInt8]) async throws -> ObjectReference {
    let reference = ObjectReference(digest: Digest(of: bytes), byteCount: bytes.count)
    var request = objectRequest(.PUT, reference)
    request.body = .bytes(ByteBuffer(bytes: bytes))
    _ = try await send(request, timeout: Self.objectTimeout)
    return reference
  }

  /// Hands an object's bytes from `offset` on to `sink`, in order. Whether they hash to the reference is for the
  /// caller to check, who sees them all.
  public func readObject(
    _ reference: ObjectReference, offset: Int = 0, into sink: ([UInt8]) async throws -> Void
  ) async throws {
    var request = objectRequest(.GET, reference)
    if offset > 0 { request.url += "&offset=\(offset)" }
    let response = try await send(request, timeout: Self.objectTimeout)
    var received = offset
    var pieces = response.body.makeAsyncIterator()
    while true {
      let piece: ByteBuffer?
      do { piece = try await pieces.next() } catch { throw broken(error) }
      guard let piece else { break }
      received += piece.readableBytes
      try await sink(Array(piece.readableBytesView))
    }
    guard received == reference.byteCount else {
      throw ClientError.broken(
        what: "object \(reference.digest.short) ended after \(received) of \(reference.byteCount) bytes",
        endpoint: endpoint.name)
    }
  }

  /// A small object in memory.
  public func object(_ reference: ObjectReference, limit: Int) async throws -> [UInt8] {
    guard reference.byteCount <= limit else {
      throw ClientError.refused(Refusal(.tooLarge, "\(reference.byteCount) bytes, over the limit of \(limit)"))
    }
    var all: [UInt8] = []
    try await readObject(reference) { all += $0 }
    return all
  }

  private func objectRequest(_ method: HTTPMethod, _ reference: ObjectReference) -> HTTPClientRequest {
    request(method, "/v1/objects/\(reference.digest)", [("byteCount", "\(reference.byteCount)")])
  }
}

/// Why the source of an upload ended early.
private final class SourceProblem: Sendable {
  private let kept = Mutex<(any Error)?>(nil)

  var first: (any Error)? { kept.withLock { $0 } }

  func note(_ error: any Error) { kept.withLock { $0 = $0 ?? error } }
}

private struct BufferedChunks<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable where Base.Element == [UInt8] {
  let base: Base
  let problem: SourceProblem

  struct Iterator: AsyncIteratorProtocol {
    var base: Base.AsyncIterator
    let problem: SourceProblem

    @concurrent
    mutating func next() async throws -> ByteBuffer? {
      do {
        return try await base.next().map { ByteBuffer(bytes: $0) }
      } catch {
        problem.note(error)
        throw error
      }
    }
  }

  func makeAsyncIterator() -> Iterator { Iterator(base: base.makeAsyncIterator(), problem: problem) }
}
