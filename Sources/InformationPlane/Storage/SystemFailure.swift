internal import Glibc

/// The error that the last system call left, by its name.
func systemError(_ path: String, _ code: Int32 = errno) -> StorageError {
  let detail = String(cString: strerror(code))
  switch code {
  case ENOSPC, EDQUOT: return .diskFull(path: path, detail: detail)
  case ENOENT, ENOTDIR: return .notFound(path: path)
  case EACCES, EPERM, EROFS: return .notPermitted(path: path, detail: detail)
  default: return .inputOutput(path: path, detail: detail)
  }
}
