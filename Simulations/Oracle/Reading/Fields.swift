/// The members of an object, taken by name and type.
struct Fields {
  private let value: JSONValue

  /// Takes an object with exactly these members; `what` names it in the error.
  init(_ value: JSONValue, of what: String, exactly names: [String]) throws(ReadError) {
    guard case .object(let members) = value, members.count == names.count,
      names.allSatisfy({ name in members.contains { $0.name == name } })
    else { throw .members(of: what) }
    self.value = value
  }

  /// Takes an object with whatever members.
  init(open value: JSONValue, of what: String) throws(ReadError) {
    guard case .object = value else { throw .members(of: what) }
    self.value = value
  }

  func any(_ name: String) throws(ReadError) -> JSONValue {
    guard let found = value[name] else { throw .member(name) }
    return found
  }

  /// nil for a member that is not there, or is null.
  func optional(_ name: String) -> JSONValue? { value[name].flatMap { $0 == .null ? nil : $0 } }

  func text(_ name: String) throws(ReadError) -> String {
    guard case .text(let text) = value[name] else { throw .member(name) }
    return text
  }

  func number(_ name: String, atLeast least: Int) throws(ReadError) -> Int {
    guard case .number(let number) = value[name], number >= least else { throw .member(name) }
    return number
  }

  func digest(_ name: String) throws(ReadError) -> Digest {
    guard let digest = Digest(hexadecimal: try text(name)) else { throw .member(name) }
    return digest
  }

  func list(_ name: String) throws(ReadError) -> [JSONValue] {
    guard case .list(let items) = value[name] else { throw .member(name) }
    return items
  }

  func version() throws(ReadError) {
    guard case .number(1) = value["version"] else { throw .member("version") }
  }
}
