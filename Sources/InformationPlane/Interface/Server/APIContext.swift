import Engine
import Foundation
import HTTPTypes
import Hummingbird
import Model
import NIOCore

/// What a route knows of its request: where it came from, and its parameters as typed values.
struct APIContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  private let peer: SocketAddress?

  init(source: Source) {
    coreContext = .init(source: source)
    peer = source.channel.remoteAddress
  }

  /// Whether the other end is on this machine.
  var isLocal: Bool {
    guard let peer else { return false }
    if case .unixDomainSocket = peer { return true }
    guard let address = peer.ipAddress else { return false }
    return address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
  }

  /// An id in the path, in full.
  func id<Subject>(_ name: String, of type: ID<Subject>.Type) throws -> ID<Subject> {
    try APIContext.id(coreContext.parameters.get(name) ?? "", name: name)
  }

  func text(_ name: String) throws -> String {
    guard let text = coreContext.parameters.get(name)?.removingPercentEncoding, !text.isEmpty, text.utf8.count <= 256
    else { throw Refusal(.invalid, "\(name) must have 1 to 256 bytes", subject: name) }
    return text
  }

  func number(_ name: String) throws -> Int {
    let text = coreContext.parameters.get(name) ?? ""
    guard let number = Int(text), number >= 0 else {
      throw Refusal(.invalid, "\(name) \"\(text)\" is not a number from 0 up", subject: name)
    }
    return number
  }

  static func id<Subject>(_ text: String, name: String) throws -> ID<Subject> {
    guard let id = ID<Subject>(hexadecimal: text) else {
      throw Refusal(
        .invalid, "\(name) \"\(text.prefix(80))\" is not an id: the API takes all 64 lowercase hexadecimal digits",
        subject: name)
    }
    return id
  }
}

extension Request {
  /// A number in the query, within bounds.
  func queryNumber(_ name: String, default standard: Int, in range: ClosedRange<Int>) throws -> Int {
    try queryNumber(name, in: range) ?? standard
  }

  func queryNumber(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = uri.queryParameters.get(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw Refusal(
        .invalid, "\(name)=\(text.prefix(80)) is not a number from \(range.lowerBound) to \(range.upperBound)",
        subject: name)
    }
    return number
  }

  func queryID<Subject>(_ name: String, of type: ID<Subject>.Type) throws -> ID<Subject>? {
    guard let text = uri.queryParameters.get(name) else { return nil }
    let id: ID<Subject> = try APIContext.id(text, name: name)
    return id
  }

  /// The body as a value; unknown keys are refused, `null` counts as absent.
  func document<Value: Codable>(_ type: Value.Type, limit: Int) async throws -> Value {
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit {
      throw Refusal(.tooLarge, "a body of \(length) bytes; the limit is \(limit)", subject: "body")
    }
    let buffer: ByteBuffer
    do {
      buffer = try await body.collect(upTo: limit)
    } catch is NIOTooManyBytesError {
      throw Refusal(.tooLarge, "a body of more than \(limit) bytes", subject: "body")
    }
    do {
      let json = try CanonicalJSON.parseAnyForm(Array(buffer.readableBytesView), limit: limit)
      return try CanonicalJSON.decode(type, from: json.withoutNullMembers)
    } catch let error as JSONError {
      throw Refusal(.invalid, "the body is not what is expected here: \(error)", subject: "body")
    } catch let error as DecodingError {
      throw Refusal(.invalid, error.inWords, subject: "body")
    }
  }
}

extension JSON {
  /// Without members that are `null`: programs often write those for what they do not give.
  var withoutNullMembers: JSON {
    switch self {
    case .object(let members): .object(members.filter { $0.value != .null }.mapValues(\.withoutNullMembers))
    case .array(let elements): .array(elements.map(\.withoutNullMembers))
    default: self
    }
  }
}

extension DecodingError {
  var inWords: String {
    func at(_ path: [any CodingKey]) -> String {
      path.isEmpty
        ? "the document" : path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
    return switch self {
    case .keyNotFound(let key, let context): "\(at(context.codingPath + [key])) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      "\(at(context.codingPath)): \(context.debugDescription)"
    @unknown default: "\(self)"
    }
  }
}

extension Response {
  /// A JSON document; keys sorted, integers only.
  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(bytes: try CanonicalJSON.encode(value))))
  }

  static func text(_ text: String, type: String) -> Response {
    Response(status: .ok, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}
