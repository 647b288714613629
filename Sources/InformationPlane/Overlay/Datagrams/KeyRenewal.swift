import Model
import Sodium

/// A datagram key that waits for the record that names it.
struct KeyRenewal: Sendable {
  let pair: BoxKeyPair
}

// Datagram keys live for hours, so that what was recorded cannot be read with what is found on a node later.
extension OverlayCore {
  /// Asks for a record with a fresh key.
  mutating func renewKeyIfDue(_ turn: inout Turn) {
    guard let adoptedAt = keyAdoptedAt, turn.uptime - adoptedAt >= limits.keyLife else { return }
    renewRecord(above: 0, &turn)
  }

  /// Asks for a record of a higher incarnation, with a fresh key, unless one is on its way.
  mutating func renewRecord(above incarnation: Int, _ turn: inout Turn) {
    guard renewal == nil else { return }
    guard let pair = try? BoxKeyPair(seed: turn.random.bytes(BoxKeyPair.byteCount)),
      let key = AgreementKey(bytes: pair.publicKey)
    else { preconditionFailure("a seed of 32 bytes gives no key") }
    renewal = KeyRenewal(pair: pair)
    turn.emit(.renewRecord(datagramKey: key, above: incarnation))
  }

  /// The record that names the waiting key has come.
  mutating func useRenewedKey(of record: CheckedMember, _ turn: inout Turn) {
    guard let pair = renewal?.pair, pair.publicKey == record.record.datagramKey.bytes else {
      // A goodbye, or a new address: the key stays, under the new record's number.
      datagramKeys.renumber(UInt64(clamping: record.record.incarnation))
      return
    }
    datagramKeys.adopt(
      pair, number: UInt64(clamping: record.record.incarnation), grace: limits.keyGrace, at: turn.uptime)
    keyAdoptedAt = turn.uptime
    renewal = nil
  }
}
