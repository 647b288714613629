internal import GRDB

/// Runs database work and gives its failures their names.
func naming<Value>(_ path: String, _ body: () throws -> Value) throws(StorageError) -> Value {
  do {
    return try body()
  } catch {
    throw storageError(error, path: path)
  }
}

func storageError(_ error: any Error, path: String) -> StorageError {
  if let known = error as? StorageError { return known }
  guard let failure = error as? DatabaseError else { return .failed(path: path, detail: "\(error)") }
  let detail = failure.message ?? "\(failure.extendedResultCode)"
  switch failure.resultCode {
  case .SQLITE_BUSY, .SQLITE_LOCKED: return .locked(path: path)
  case .SQLITE_CORRUPT, .SQLITE_NOTADB: return .corrupt(path: path, detail: detail)
  case .SQLITE_FULL: return .diskFull(path: path, detail: detail)
  case .SQLITE_IOERR: return .inputOutput(path: path, detail: "\(detail), code \(failure.extendedResultCode.rawValue)")
  case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: return .notPermitted(path: path, detail: detail)
  case .SQLITE_CONSTRAINT: return .contradiction(path: path, detail: detail)
  default: return .failed(path: path, detail: detail)
  }
}
