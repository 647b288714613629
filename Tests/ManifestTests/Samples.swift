import Manifest
import Model

/// A manifest around the lines of a spec, which begin in line 5, column 3.
func document(_ spec: String) -> String {
  let body = spec.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "  \($0)" }
  return """
    apiVersion: jointcloud/v1
    kind: Task
    metadata: {name: sample}
    spec:

    """ + body.joined(separator: "\n") + "\n"
}

func read(_ spec: String) throws -> TaskManifest {
  try ManifestReader.read(text: document(spec), fileName: "task.yaml")
}

/// What a wrong document is told; empty when it is accepted.
func problems(_ text: String) -> [Problem] {
  do {
    _ = try ManifestReader.read(text: text, fileName: "task.yaml")
    return []
  } catch {
    return error.problems
  }
}

func resolve(_ manifest: TaskManifest, in folder: TemporaryFolder) throws -> TaskImport {
  try TaskImport.resolve(
    manifest, baseFolder: folder.path, files: LocalFileSystem(), trace: TraceID(.zero), nowMilliseconds: 0, nonce: "1")
}
