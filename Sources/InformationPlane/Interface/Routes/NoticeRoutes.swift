import Engine
import HTTPTypes
import Hummingbird
import Model
import NIOCore
import ServiceLifecycle

func addNoticeRoutes(to table: RouteTable) {
  let service = table.service
  let heartbeat = table.limits.heartbeat
  table.stream("/v1/notices", .get) { _, _ in
    let notices = try await service.notices()
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
      body: ResponseBody { writer in
        try await send(notices, every: heartbeat, to: &writer)
        try await writer.finish(nil)
      })
  }
}

private enum ServerEvent: Sendable {
  case notice(NoticeView)
  case heartbeat
}

/// Writes notices as server-sent events, with a comment line as a sign of life: a reader that has gone is found
/// when the next one is written.
@concurrent
private func send(
  _ notices: AsyncStream<NoticeView>, every heartbeat: Duration, to writer: inout any ResponseBodyWriter
) async throws {
  let (events, continuation) = AsyncStream.makeStream(
    of: ServerEvent.self, bufferingPolicy: .bufferingNewest(256))
  try await writer.write(ByteBuffer(string: ": jointcloud notices\n\n"))
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      for await notice in notices.cancelOnGracefulShutdown() { continuation.yield(.notice(notice)) }
      continuation.finish()
    }
    group.addTask {
      while !Task.isCancelled {
        try await Task.sleep(for: heartbeat)
        continuation.yield(.heartbeat)
      }
    }
    defer { group.cancelAll() }
    for await event in events {
      switch event {
      case .notice(let notice):
        let data = String(decoding: try CanonicalJSON.encode(notice), as: UTF8.self)
        try await writer.write(ByteBuffer(string: "event: notice\ndata: \(data)\n\n"))
      case .heartbeat:
        try await writer.write(ByteBuffer(string: ": alive\n\n"))
      }
    }
  }
}
