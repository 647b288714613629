import Interface
import Model
import Yams

/// docs/openapi.yaml as the server gives it out, with a made-up value for each of its schemas.
struct OpenAPIDocument {
  enum Problem: Error { case shape(String) }

  private let root: [String: Any]

  init() throws {
    guard let root = try Yams.load(yaml: Interface.openAPIDocument) as? [String: Any] else {
      throw Problem.shape("the document is no mapping")
    }
    self.root = root
  }

  /// `GET /v1/tasks/{task}` and so on.
  var routes: [String] {
    let paths = root["paths"] as? [String: [String: Any]] ?? [:]
    return paths.flatMap { path, operations in operations.keys.map { "\($0.uppercased()) \(path)" } }.sorted()
  }

  /// A value in which everything that a schema names is present.
  func sample(_ name: String) throws -> JSON {
    let components = root["components"] as? [String: Any]
    guard let schemas = components?["schemas"] as? [String: [String: Any]], let schema = schemas[name] else {
      throw Problem.shape("no schema \(name)")
    }
    return try sample(schema)
  }

  func sample<Value: Codable>(of type: Value.Type) throws -> Value {
    try CanonicalJSON.decode(type, from: try sample("\(type)"))
  }

  private func sample(_ schema: [String: Any]) throws -> JSON {
    if let reference = schema["$ref"] as? String {
      return try sample(String(reference.split(separator: "/").last ?? ""))
    }
    switch schema["type"] as? String {
    case "string":
      if let choices = schema["enum"] as? [String], let first = choices.first { return .string(first) }
      return .string(schema["pattern"] == nil ? "text" : String(repeating: "a", count: 64))
    case "integer": return .integer(7)
    case "boolean": return .bool(true)
    case "array": return .array([try sample(schema["items"] as? [String: Any] ?? [:])])
    case "object":
      if let values = schema["additionalProperties"] as? [String: Any] {
        return .object(["key": try sample(values)])
      }
      let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
      return .object(try properties.mapValues { try sample($0) })
    default: return .object([:])
    }
  }
}
