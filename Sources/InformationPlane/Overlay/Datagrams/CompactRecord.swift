import Model
import Sodium
import SwiftProtobuf
import Wire

import struct FoundationEssentials.Data

/// A member record in fields: three times smaller than its canonical JSON, which is made anew from them. So a record
/// with its grant fits a datagram.
extension WireCompactRecord {
  init(_ member: CheckedMember) throws(IdentityError) {
    self.init()
    let record = member.record
    certificate = try WireCompactCertificate(record.certificate)
    if let signed = record.admission.grant { grant = try WireCompactGrant(signed) }
    voted = record.admission == .voted
    if case .invitation(_, let proof) = record.admission { self.proof = Data(proof.bytes) }
    addresses = record.addresses
    incarnation = UInt64(clamping: record.incarnation)
    instance = Data(record.instance.bytes)
    kind = record.kind
    leaving = record.leaving
    name = record.name
    startedMilliseconds = UInt64(clamping: record.startedMilliseconds)
    datagramKey = Data(record.datagramKey.bytes)
    signature = Data(member.signed.signature.bytes)
  }

  /// The statement that these fields are of; nothing of it is checked.
  func signedStatement(in network: NetworkID) throws(FrameError) -> SignedStatement {
    let certificate = try certificate.signedStatement(in: network)
    guard addresses.count <= MemberRecord.addressLimit, let datagramKey = AgreementKey(bytes: Array(datagramKey)),
      incarnation <= UInt64(JSON.integerLimit), startedMilliseconds <= UInt64(JSON.integerLimit)
    else { throw FrameError(what: "compact record") }
    let admission = try admission(of: certificate.node, in: network)
    let record = MemberRecord(
      name: name, kind: kind, addresses: addresses, certificate: certificate.signed, admission: admission,
      datagramKey: datagramKey, incarnation: Int(incarnation), instance: try Digest(wire: instance),
      startedMilliseconds: Int64(startedMilliseconds), leaving: leaving)
    return try Self.signed(
      record, by: certificate.node, epoch: certificate.epoch, in: network, signature: try Self.signature(signature))
  }

  private func admission(of node: NodeID, in network: NetworkID) throws(FrameError) -> Admission {
    guard hasGrant else { return voted ? .voted : .founder }
    let grant = try grant.signedStatement(for: node, in: network)
    return self.grant.invitationKey.isEmpty
      ? .allowed(grant: grant) : .invitation(grant: grant, proof: try Self.signature(proof))
  }

  fileprivate static func signature(_ bytes: Data) throws(FrameError) -> Signature {
    guard let signature = try? Signature(bytes: Array(bytes)) else { throw FrameError(what: "signature") }
    return signature
  }

  fileprivate static func key(_ bytes: Data) throws(FrameError) -> VerificationKey {
    guard let key = try? VerificationKey(bytes: Array(bytes)) else { throw FrameError(what: "key") }
    return key
  }

  fileprivate static func signed<Body: StatementBody>(
    _ body: Body, by node: NodeID, epoch: Int, in network: NetworkID, signature: Signature
  ) throws(FrameError) -> SignedStatement {
    guard let statement = try? Statement(body, by: node, epoch: epoch, network: network) else {
      throw FrameError(what: "compact record")
    }
    return SignedStatement(statement, signature: signature)
  }
}

extension WireCompactCertificate {
  init(_ signed: SignedStatement) throws(IdentityError) {
    self.init()
    let certificate: EpochCertificate
    do {
      certificate = try signed.statement.decode(EpochCertificate.self)
    } catch {
      throw .malformed(what: "epoch certificate", reason: "\(error)")
    }
    rootKey = Data(certificate.rootKey.bytes)
    signingKey = Data(certificate.signingKey.bytes)
    datagramKey = Data(certificate.datagramKey.bytes)
    cosigningKey = Data(certificate.cosigningKey.bytes)
    epoch = UInt64(clamping: certificate.epoch)
    signature = Data(signed.signature.bytes)
  }

  func signedStatement(
    in network: NetworkID
  ) throws(FrameError) -> (signed: SignedStatement, node: NodeID, epoch: Int) {
    guard let datagramKey = AgreementKey(bytes: Array(datagramKey)), epoch <= UInt64(JSON.integerLimit) else {
      throw FrameError(what: "compact certificate")
    }
    let body = EpochCertificate(
      epoch: Int(epoch), rootKey: try WireCompactRecord.key(rootKey),
      signingKey: try WireCompactRecord.key(signingKey), datagramKey: datagramKey,
      cosigningKey: try WireCompactRecord.key(cosigningKey))
    let signed = try WireCompactRecord.signed(
      body, by: body.node, epoch: 0, in: network, signature: try WireCompactRecord.signature(signature))
    return (signed, body.node, body.epoch)
  }
}

extension WireCompactGrant {
  init(_ signed: SignedStatement) throws(IdentityError) {
    self.init()
    let grant: Grant
    do {
      grant = try signed.statement.decode(Grant.self)
    } catch {
      throw .malformed(what: "grant", reason: "\(error)")
    }
    certificate = try WireCompactCertificate(grant.certificate)
    expiresMilliseconds = UInt64(clamping: grant.expiresMilliseconds)
    // A grant that names a node is the bearer's own: its id follows from the certificate beside it.
    if case .invitationKey(let key) = grant.holder { invitationKey = Data(key.bytes) }
    signature = Data(signed.signature.bytes)
  }

  /// - Parameter node: the bearer.
  func signedStatement(for node: NodeID, in network: NetworkID) throws(FrameError) -> SignedStatement {
    let certificate = try certificate.signedStatement(in: network)
    guard expiresMilliseconds <= UInt64(JSON.integerLimit) else { throw FrameError(what: "compact grant") }
    let body = Grant(
      invitationKey.isEmpty ? .node(node) : .invitationKey(try WireCompactRecord.key(invitationKey)),
      expiresMilliseconds: Int64(expiresMilliseconds), certificate: certificate.signed)
    return try WireCompactRecord.signed(
      body, by: certificate.node, epoch: certificate.epoch, in: network,
      signature: try WireCompactRecord.signature(signature))
  }
}
