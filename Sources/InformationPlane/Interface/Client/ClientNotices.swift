import AsyncHTTPClient
public import Engine
import Model
import NIOCore
import NIOHTTP1

extension Client {
  /// Hands notices to `sink` as they happen, until it returns false, the task is cancelled, or the node ends the
  /// stream. The node's heartbeat shows that it lives; silence for a minute is an error.
  ///
  /// - Parameter opened: called once the node tells: every later notice comes.
  public func notices(opened: () -> Void = {}, _ sink: (NoticeView) async throws -> Bool) async throws {
    let response = try await send(request(.GET, "/v1/notices"), timeout: .seconds(24 * 3_600))
    opened()
    var reader = NoticeReader()
    var pieces = response.body.makeAsyncIterator()
    while true {
      let piece: ByteBuffer?
      do { piece = try await pieces.next() } catch { throw broken(error) }
      guard let piece else { return }
      for data in try reader.add(piece.readableBytesView, endpoint: endpoint) where try await !sink(data) { return }
    }
  }
}

/// Cuts server-sent events out of bytes that come in pieces of any size.
struct NoticeReader {
  /// The longest event, in bytes.
  static let limit = 1_024 * 1_024
  private var pending: [UInt8] = []

  mutating func add(_ bytes: some Sequence<UInt8>, endpoint: Endpoint) throws -> [NoticeView] {
    pending += bytes
    var notices: [NoticeView] = []
    var start = 0
    while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = pending[start..<end]
      start = end + 1
      let prefix = Array("data: ".utf8)
      guard line.starts(with: prefix) else { continue }
      do {
        let json = try CanonicalJSON.parseAnyForm(Array(line.dropFirst(prefix.count)), limit: Self.limit)
        notices.append(try CanonicalJSON.decodeIgnoringUnknownKeys(NoticeView.self, from: json))
      } catch {
        throw ClientError.broken(what: "a notice is not understood: \(error)", endpoint: endpoint.name)
      }
    }
    pending.removeFirst(start)
    guard pending.count <= Self.limit else {
      throw ClientError.broken(what: "a notice of more than \(Self.limit) bytes", endpoint: endpoint.name)
    }
    return notices
  }
}
