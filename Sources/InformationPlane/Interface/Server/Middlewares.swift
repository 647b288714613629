import Engine
import HTTPTypes
import Hummingbird
import Logging
import Model
import NIOCore
import Sodium

/// Turns every error into a `Refusal` document with its status; nothing of an unforeseen error leaves the node.
struct RefusalMiddleware: RouterMiddleware {
  let logger: Logger

  @concurrent
  func handle(
    _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      let (refusal, status) = Self.answer(to: error, of: request, logger: logger)
      // An answer to HEAD has no body (RFC 9110, 9.3.2): one would be read as the next answer.
      var response = request.method == .head ? Response(status: status) : try Response.json(refusal, status: status)
      if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
      // A body after HEAD would be taken for the next answer on the connection.
      return request.method == .head ? response.createHeadResponse() : response
    }
  }

  private static func answer(
    to error: any Error, of request: Request, logger: Logger
  ) -> (Refusal, HTTPResponse.Status) {
    switch error {
    case let refusal as Refusal:
      return (refusal, status(of: refusal.kind))
    case let error as MissingToken:
      let refusal = Refusal(
        .notPermitted,
        error.isGiven
          ? "the token is not this node's"
          : "no token was given: this address wants the header Authorization: Bearer TOKEN",
        subject: "Authorization",
        next: "give with --token, or as JOINTCLOUD_TOKEN, what keys/api.token in the node's data folder holds, "
          + "or use its socket with --data DIR")
      return (refusal, .unauthorized)
    case let error as any HTTPResponseError where error.status == .notFound:
      return (
        Refusal(.notFound, "nothing answers to \(request.method) \(request.uri.path)", next: "GET /openapi.yaml"),
        .notFound
      )
    case let error as any HTTPResponseError:
      return (Refusal(.invalid, "\(error.status.reasonPhrase)"), error.status)
    case is CancellationError:
      return (Refusal(.unavailable, "the node is stopping"), .serviceUnavailable)
    default:
      logger.error(
        "A request failed in a way that was not foreseen",
        metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      return (
        Refusal(.failed, "the node could not answer; its log says why", next: "jointcloud doctor"),
        .internalServerError
      )
    }
  }

  static func status(of kind: Refusal.Kind) -> HTTPResponse.Status {
    switch kind {
    case .invalid: .badRequest
    case .notFound: .notFound
    case .conflict: .conflict
    case .notPermitted: .forbidden
    case .unplaced: .unprocessableContent
    case .unavailable: .serviceUnavailable
    case .tooLarge: .contentTooLarge
    case .timedOut: .gatewayTimeout
    case .failed: .internalServerError
    }
  }
}

struct MissingToken: Error {
  /// One was given, and it is another.
  let isGiven: Bool
}

/// Who may ask at one address.
enum Access: Sendable {
  /// The socket: whoever may open the file is the owner.
  case everybody
  case bearer(token: String)
}

struct AccessMiddleware: RouterMiddleware {
  /// What anybody on this machine may read: no ids, no names, no content.
  static let openPaths: Set<String> = ["/healthz", "/metrics", "/openapi.yaml"]

  let access: Access

  @concurrent
  func handle(
    _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
  ) async throws -> Response {
    if case .bearer(let token) = access, !(context.isLocal && Self.openPaths.contains(request.uri.path)) {
      let given = request.headers[.authorization] ?? ""
      guard equalInConstantTime(Array(given.utf8), Array("Bearer \(token)".utf8)) else {
        throw MissingToken(isGiven: !given.isEmpty)
      }
    }
    return try await next(request, context)
  }
}
