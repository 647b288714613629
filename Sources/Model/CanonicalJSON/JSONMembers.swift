extension JSON {
  /// The members of an object, each key once, in canonical order: by UTF-16 code units (RFC 8785, 3.2.3).
  public struct Members: Hashable, Sendable {
    public struct Member: Hashable, Sendable {
      public let key: String
      public internal(set) var value: JSON

      public static func == (left: Member, right: Member) -> Bool {
        areSame(left.key, right.key) && left.value == right.value
      }
    }

    private var sorted: [Member]

    public init() {
      sorted = []
    }

    public init(_ members: [String: JSON]) {
      sorted = members.map { Member(key: $0.key, value: $0.value) }
      sorted.sort { Self.precedes($0.key, $1.key) }
    }

    /// - Throws: `JSONError.duplicateKey`.
    init(sorting members: [Member]) throws(JSONError) {
      sorted = members
      sorted.sort { Self.precedes($0.key, $1.key) }
      for (left, right) in zip(sorted, sorted.dropFirst()) where Self.areSame(left.key, right.key) {
        throw .duplicateKey(right.key)
      }
    }

    public var count: Int { sorted.count }
    public var isEmpty: Bool { sorted.isEmpty }
    public var keys: [String] { sorted.map(\.key) }

    public subscript(key: String) -> JSON? {
      get { index(of: key).map { sorted[$0].value } }
      set {
        switch (index(of: key), newValue) {
        case (let index?, let value?): sorted[index].value = value
        case (let index?, nil): sorted.remove(at: index)
        case (nil, let value?): insert(Member(key: key, value: value))
        case (nil, nil): break
        }
      }
    }

    public mutating func removeValue(forKey key: String) -> JSON? {
      index(of: key).map { sorted.remove(at: $0).value }
    }

    public func filter(_ isIncluded: (Member) -> Bool) -> Members {
      var kept = self
      kept.sorted.removeAll { !isIncluded($0) }
      return kept
    }

    public func mapValues(_ transform: (JSON) throws -> JSON) rethrows -> Members {
      var mapped = self
      for index in sorted.indices { mapped.sorted[index].value = try transform(sorted[index].value) }
      return mapped
    }

    /// Takes a member whose key follows all others; the parser of canonical bytes has no need to sort.
    ///
    /// - Returns: whether it does follow them.
    mutating func append(_ key: String, _ value: JSON) -> Bool {
      if let last = sorted.last, !Self.precedes(last.key, key) { return false }
      sorted.append(Member(key: key, value: value))
      return true
    }

    /// The first place whose key does not precede this one.
    private func place(of key: String) -> Int {
      var (low, high) = (0, sorted.count)
      while low < high {
        let middle = (low + high) / 2
        if Self.precedes(sorted[middle].key, key) { low = middle + 1 } else { high = middle }
      }
      return low
    }

    private func index(of key: String) -> Int? {
      let place = place(of: key)
      return place < sorted.count && Self.areSame(sorted[place].key, key) ? place : nil
    }

    /// Byte by byte: what Swift holds equal may differ in them.
    private static func areSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

    private mutating func insert(_ member: Member) {
      sorted.insert(member, at: place(of: member.key))
    }

    /// By UTF-16 code units, read from UTF-8: the orders differ only where a character beyond U+FFFF, which UTF-16
    /// writes as surrogates, meets one from U+E000 on.
    static func precedes(_ left: String, _ right: String) -> Bool {
      var others = right.utf8.makeIterator()
      for byte in left.utf8 {
        guard let other = others.next() else { return false }
        guard byte != other else { continue }
        if byte >= 0xee, other >= 0xee, (byte >= 0xf0) != (other >= 0xf0) { return byte >= 0xf0 }
        return byte < other
      }
      return others.next() != nil
    }
  }
}

extension JSON.Members: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { sorted.count }
  public subscript(position: Int) -> Member { sorted[position] }
}

extension JSON.Members: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self.init(Dictionary(uniqueKeysWithValues: elements))
  }
}
