internal import Model

extension EpochCertificate {
  /// Reads and checks a certificate for one network; it needs nothing but itself.
  ///
  /// - Throws: `IdentityError`.
  static func checked(_ signed: SignedStatement, network: NetworkID) throws(IdentityError) -> EpochCertificate {
    guard signed.statement.network == network else {
      throw .otherNetwork(expected: network, got: signed.statement.network)
    }
    do {
      return try EpochCertificate(checking: signed)
    } catch {
      switch error {
      case .malformed(let reason): throw .malformed(what: "epoch certificate", reason: reason)
      case .otherNode: throw .mismatch(what: "the certificate's author and its root key")
      case .badSignature: throw .badSignature(of: "the epoch certificate")
      }
    }
  }
}

extension Statement {
  /// The body as its type, for one network.
  ///
  /// - Throws: `IdentityError.otherNetwork`, `.malformed`.
  func body<Body: StatementBody>(as type: Body.Type, network expected: NetworkID) throws(IdentityError) -> Body {
    guard network == expected else { throw .otherNetwork(expected: expected, got: network) }
    do {
      return try decode(type)
    } catch {
      throw .malformed(what: "statement of purpose \(Body.purpose)", reason: "\(error)")
    }
  }
}
