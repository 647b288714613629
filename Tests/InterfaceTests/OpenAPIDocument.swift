import Interface
import Model
import Yams

/// docs/openapi.yaml as the server gives it out, with a made-up value for each of its schemas.
struct OpenAPIDocument {
  enum Problem: Error { case shape(String) }

  private let root: JSON

  init() throws {
    root = try Self.tree(try Yams.load(yaml: Interface.openAPIDocument) ?? [:] as [String: Any])
  }

  private static func tree(_ value: Any) throws -> JSON {
    switch value {
    case let text as String: .string(text)
    case let flag as Bool: .bool(flag)
    case let number as Int: .integer(Int64(number))
    case let elements as [Any]: .array(try elements.map(tree))
    case let members as [String: Any]: .object(JSON.Members(try members.mapValues(tree)))
    default: throw Problem.shape("\(type(of: value))")
    }
  }

  /// `GET /v1/tasks/{task}` and so on.
  var routes: [String] {
    guard case .object(let paths) = root["paths"] else { return [] }
    return paths.flatMap { path in
      guard case .object(let operations) = path.value else { return [String]() }
      return operations.keys.map { "\($0.uppercased()) \(path.key)" }
    }.sorted()
  }

  /// A value in which everything that a schema names is present.
  func sample(_ name: String) throws -> JSON {
    guard let schema = root["components"]?["schemas"]?[name] else { throw Problem.shape("no schema \(name)") }
    return try sample(schema)
  }

  func sample<Value: Codable>(of type: Value.Type) throws -> Value {
    try CanonicalJSON.decode(type, from: try sample("\(type)"))
  }

  private func sample(_ schema: JSON) throws -> JSON {
    if let reference = schema["$ref"]?.stringValue {
      return try sample(String(reference.split(separator: "/").last ?? ""))
    }
    switch schema["type"]?.stringValue {
    case "string":
      if case .array(let choices) = schema["enum"], let first = choices.first { return first }
      return .string(schema["pattern"] == nil ? "text" : String(repeating: "a", count: 64))
    case "integer": return .integer(7)
    case "boolean": return .bool(true)
    case "array": return .array([try sample(schema["items"] ?? .null)])
    case "object":
      if let values = schema["additionalProperties"] { return .object(["key": try sample(values)]) }
      guard case .object(let properties) = schema["properties"] else { return .object([:]) }
      return .object(try properties.mapValues(sample))
    default: return .object([:])
    }
  }
}
