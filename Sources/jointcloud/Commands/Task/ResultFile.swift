import Engine
import Glibc
import Interface

/// A result on its way to disk: written beside its place, and put there once it is whole and right.
enum ResultFile {
  static func requireAbsent(_ path: String) throws {
    var info = stat()
    guard lstat(path, &info) != 0 else {
      throw Failure(.conflict, "\(path) is there already", next: "give --force to overwrite, or -o ANOTHER_FOLDER")
    }
  }

  static func write(_ result: ResultFileView, to path: String, _ client: Client) async throws {
    try makeFolders(above: path)
    let temporary = path + ".part"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw problem("write", temporary) }
    do {
      defer { close(descriptor) }
      try await Results.check(result, client) { bytes in
        var done = 0
        while done < bytes.count {
          let count = bytes.withUnsafeBytes {
            Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done)
          }
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { throw problem("write", temporary) }
          done += count
        }
      }
      guard rename(temporary, path) == 0 else { throw problem("put in place", path) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private static func makeFolders(above path: String) throws {
    var made = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/").dropLast() {
      made += component + "/"
      guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw problem("make", made) }
    }
  }

  private static func problem(_ act: String, _ path: String) -> Failure {
    Failure(.error, "cannot \(act) \(path): \(String(cString: strerror(errno)))", next: "ls -ld \(path)")
  }
}
