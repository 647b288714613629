import Model
import Sodium

@testable import Overlay

// Who is who: handshakes, records and invitations.
extension ByteDecoder {
  static let memberDecoders = [
    ByteDecoder("handshake-hello", byteLimit: 1 << 10, handshakeHello),
    ByteDecoder("handshake-answer", byteLimit: 1 << 10, handshakeAnswer),
    ByteDecoder("introduction", byteLimit: 1 << 16, introduction),
    ByteDecoder("member-record", byteLimit: 1 << 16, memberRecord),
    ByteDecoder("invitation", byteLimit: Invitation.characterLimit + 64, invitation),
    ByteDecoder("host-port", byteLimit: 512, hostPort),
  ]

  @Sendable private static func handshakeHello(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard var listener = Cast.fixed.listener, case .reply? = Cast.fixed.progress(of: &listener, with: bytes) else {
      return false
    }
    try BrokenLaw.require(bytes.count == Handshake.firstByteCount + Handshake.tagByteCount, "a hello of another length")
    return true
  }

  @Sendable private static func handshakeAnswer(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard var dialler = Cast.fixed.dialler, case .reply? = Cast.fixed.progress(of: &dialler, with: bytes) else {
      return false
    }
    return true
  }

  /// What stands in the third message under its encryption: whoever knows the network can choose all of it.
  @Sendable private static func introduction(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard var listener = Cast.fixed.answeredListener, let message = Cast.fixed.thirdMessage(bytes) else { return false }
    do {
      _ = try listener.receive(message, nowMilliseconds: Cast.now, isMember: { _ in false })
      throw BrokenLaw(what: "an introduction without a proof for this connection was believed")
    } catch let error as HandshakeError {
      // The keys are drawn anew in each process, so no proof in the corpus is for them.
      if case .badProof = error { return true }
      return false
    } catch {
      throw BrokenLaw(what: "\(error)")
    }
  }

  @Sendable private static func memberRecord(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    let founder = Cast.fixed.founder
    guard let signed = try? CanonicalJSON.decode(SignedStatement.self, from: bytes, limit: bytes.count) else {
      return false
    }
    // Records come back from a node's own disk without their signatures being checked again.
    if let trusted = try? CheckedMember(trusting: signed, network: founder.network) {
      _ = (trusted.record.addresses.map { HostPort($0)?.isWildcard }, trusted.supersedes(trusted))
    }
    guard let checked = try? CheckedMember(signed, genesis: founder.genesis, network: founder.network) else {
      return false
    }
    try BrokenLaw.require((try? CanonicalJSON.encode(checked.signed)) == bytes, "it is written otherwise")
    return true
  }

  /// Text; and, since its checksum stops all changes, the document within it.
  @Sendable private static func invitation(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    if let invitation = try? CanonicalJSON.decode(Invitation.self, from: bytes, limit: Invitation.characterLimit) {
      _ = try? invitation.check(nowMilliseconds: Cast.now)
      guard let text = try? invitation.text(), let again = try? Invitation(text: text) else { return false }
      try BrokenLaw.require(
        (try? CanonicalJSON.encode(again)) == bytes, "an invitation's text gives another invitation")
      return true
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if let decoded = Base64URL.decode(text) {
      try BrokenLaw.require(Base64URL.encode(decoded) == text, "bytes have two spellings in base64url")
    }
    guard let invitation = try? Invitation(text: text) else { return false }
    try BrokenLaw.require(
      (try? invitation.text()) == text.filter { !$0.isWhitespace }, "an invitation has two spellings")
    return true
  }

  @Sendable private static func hostPort(_ bytes: [UInt8]) throws(BrokenLaw) -> Bool {
    guard let text = String(validating: bytes, as: UTF8.self), let place = HostPort(text) else { return false }
    try BrokenLaw.require(HostPort(place.description) == place, "an address is another when written again")
    return true
  }
}
