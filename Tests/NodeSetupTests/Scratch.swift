import Foundation
import Model
import Node

/// A folder of its own for one test, removed at its end.
func withScratch<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  var random = Random.system()
  let path = FileManager.default.temporaryDirectory.path + "/jointcloud-setup-\(random.digest().short)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

func mode(_ path: String) throws -> Int {
  let attributes = try FileManager.default.attributesOfItem(atPath: path)
  return attributes[.posixPermissions] as? Int ?? -1
}
