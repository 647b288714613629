internal import Foundation
internal import GRDB
internal import Ledger
internal import Model
internal import Sodium

/// Rows of one view of the file as values.
struct TableReader {
  let db: Database
  let path: String

  func corrupt(_ detail: String) -> StorageError { .corrupt(path: path, detail: detail) }

  /// All rows that a condition selects; their count must be what the table says.
  func rows<Value>(
    _ name: String, _ condition: String = "1", _ arguments: StatementArguments = [], order: String,
    _ read: (Row) throws -> Value
  ) throws -> [Value] {
    let expected = try count(name, condition, arguments)
    var values: [Value] = []
    values.reserveCapacity(expected)
    let cursor = try Row.fetchCursor(
      db, sql: "SELECT * FROM \(name) WHERE \(condition) ORDER BY \(order)", arguments: arguments)
    while let row = try cursor.next() { values.append(try read(row)) }
    guard values.count == expected else {
      throw corrupt("table \(name) says \(expected) rows and gives \(values.count)")
    }
    return values
  }

  func count(_ name: String, _ condition: String, _ arguments: StatementArguments) throws -> Int {
    try Int.fetchOne(db, sql: "SELECT count(*) FROM \(name) WHERE \(condition)", arguments: arguments) ?? 0
  }

  func digest(_ data: Data, _ what: String) throws -> Digest {
    guard let digest = Digest(bytes: data) else { throw corrupt("a \(what) of \(data.count) bytes") }
    return digest
  }

  func digest(_ row: Row, _ column: String) throws -> Digest { try digest(value(row, column) as Data, column) }

  func bytes(_ row: Row, _ column: String) throws -> [UInt8] { [UInt8](try value(row, column) as Data) }

  /// A column's value; GRDB's own subscripts trap where a damaged file holds another type.
  func value<Value: DatabaseValueConvertible>(_ row: Row, _ column: String) throws -> Value {
    guard let value: Value = try optional(row, column) else { throw corrupt("column \(column) is empty") }
    return value
  }

  func optional<Value: DatabaseValueConvertible>(_ row: Row, _ column: String) throws -> Value? {
    guard let stored = (row[column] as (any DatabaseValueConvertible)?)?.databaseValue, !stored.isNull else {
      return nil
    }
    guard let value = Value.fromDatabaseValue(stored) else { throw corrupt("column \(column) holds another type") }
    return value
  }

  func statement(_ row: Row) throws -> Model.Statement {
    do {
      return try Model.Statement(bytes: bytes(row, "bytes"))
    } catch {
      throw corrupt("a stored statement: \(error)")
    }
  }

  func optionalSignature(_ row: Row) throws -> Signature? {
    guard let data: Data = try optional(row, "signature") else { return nil }
    do {
      return try Signature(bytes: [UInt8](data))
    } catch {
      throw corrupt("a stored signature: \(error)")
    }
  }

  func signed(_ row: Row) throws -> SignedStatement {
    guard let signature = try optionalSignature(row) else { throw corrupt("a signature is missing") }
    return SignedStatement(try statement(row), signature: signature)
  }

  func proposal(_ row: Row) throws -> SignedProposal {
    do {
      return try SignedProposal(signed(row))
    } catch let error as LedgerError {
      throw corrupt("a stored proposal: \(error)")
    }
  }
}
