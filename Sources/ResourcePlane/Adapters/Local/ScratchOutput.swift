import Glibc
internal import Resources
internal import SystemPackage

/// What a command wrote, as the node reads it while and after it runs.
extension Scratch {
  func outputByteCount(_ stream: LogStream) -> Int {
    var status = stat()
    return stat(output(stream), &status) == 0 ? Int(status.st_size) : 0
  }

  func hasOutput(_ stream: LogStream) -> Bool {
    access(output(stream), F_OK) == 0
  }

  /// Cuts off what went over the limit before the watch saw it.
  func cutOutput(_ stream: LogStream, to limit: Int) {
    if outputByteCount(stream) > limit { _ = truncate(output(stream), limit) }
  }

  /// - Returns: empty where there is nothing yet.
  func read(_ stream: LogStream, from offset: Int, limit: Int) throws(Errno) -> [UInt8] {
    let descriptor: FileDescriptor
    do {
      descriptor = try FileDescriptor.open(FilePath(output(stream)), .readOnly, options: .closeOnExec)
    } catch Errno.noSuchFileOrDirectory {
      return []
    } catch {
      throw error as? Errno ?? .ioError
    }
    defer { try? descriptor.close() }
    var bytes = [UInt8](repeating: 0, count: limit)
    let count: Int
    do {
      count = try bytes.withUnsafeMutableBytes { try descriptor.read(fromAbsoluteOffset: Int64(offset), into: $0) }
    } catch {
      throw error as? Errno ?? .ioError
    }
    return Array(bytes.prefix(count))
  }

  /// The last lines of an output on one line, for an error's text.
  func lastWords(of stream: LogStream, limit: Int = 400) -> String {
    let size = outputByteCount(stream)
    let bytes = (try? read(stream, from: max(0, size - limit), limit: limit)) ?? []
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    return lines.joined(separator: " | ")
  }
}
