internal import Glibc

/// Writes all bytes to a descriptor.
func writeAll(_ bytes: some Sequence<UInt8>, to descriptor: Int32, path: String) throws(StorageError) {
  let content = Array(bytes)
  var written = 0
  while written < content.count {
    let count = content.withUnsafeBytes { buffer in
      Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
    }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { throw systemError(path) }
    written += count
  }
}

/// Replaces a small file in one move, mode 0600. Not synced.
func replaceFile(_ path: String, with bytes: [UInt8]) throws(StorageError) {
  let temporary = path + ".new"
  let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { throw systemError(temporary) }
  defer { close(descriptor) }
  try writeAll(bytes, to: descriptor, path: temporary)
  guard rename(temporary, path) == 0 else { throw systemError(path) }
}

/// Makes a folder's entries durable: a renamed file is there after a power cut only then.
func syncFolder(_ path: String) throws(StorageError) {
  let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else { throw systemError(path) }
  defer { close(descriptor) }
  guard fsync(descriptor) == 0 else { throw systemError(path) }
}
