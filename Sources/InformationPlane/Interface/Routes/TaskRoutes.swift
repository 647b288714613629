import Engine
import Hummingbird
import Model

func addTaskRoutes(to table: RouteTable) {
  let service = table.service
  let limits = table.limits
  table.get("/v1/tasks") { _, _ in try await service.tasks() }
  table.post("/v1/tasks") { request, _ in
    try await service.submit(try await request.document(SubmissionRequest.self, limit: limits.bodyBytes))
  }
  table.post("/v1/plans") { request, _ in
    try await service.preview(try await request.document(SubmissionRequest.self, limit: limits.bodyBytes))
  }
  table.get("/v1/tasks/{task}") { _, context in
    try await service.task(try context.id("task", of: TaskID.self))
  }
  table.get("/v1/tasks/{task}/summary") { _, context in
    try await service.summary(of: try context.id("task", of: TaskID.self))
  }
  table.get("/v1/tasks/{task}/plans") { _, context in
    try await service.plans(of: try context.id("task", of: TaskID.self))
  }
  table.get("/v1/tasks/{task}/explanation") { _, context in
    try await service.explain(try context.id("task", of: TaskID.self))
  }
  table.post("/v1/tasks/{task}/cancel") { request, context in
    let reason = try await request.document(CancelRequest.self, limit: limits.bodyBytes).reason
    return try await service.cancel(try context.id("task", of: TaskID.self), reason: reason)
  }
  table.get("/v1/tasks/{task}/subtasks/{subtask}/logs/{stream}") { request, context in
    let stream = try context.text("stream")
    guard stream == "stdout" || stream == "stderr" else {
      throw Refusal(.invalid, "stream \"\(stream)\" is neither stdout nor stderr", subject: "stream")
    }
    return try await service.log(
      of: try context.id("task", of: TaskID.self), subtask: try context.number("subtask"),
      attempt: try request.queryNumber("attempt", in: 1...1_000), stream: stream,
      offset: try request.queryNumber("offset", default: 0, in: 0...Int(JSON.integerLimit)),
      limit: try request.queryNumber("limit", default: limits.logBytes, in: 1...limits.logBytes))
  }
}

/// The body of `POST /v1/tasks/{task}/cancel`.
struct CancelRequest: Codable, Sendable {
  var reason: String
}
