import Sodium
import Testing

@Suite struct SodiumTests {
  static func bytes(_ hexadecimal: String) -> [UInt8] {
    var out: [UInt8] = []
    var rest = hexadecimal[...]
    while rest.count >= 2 {
      out.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
      rest = rest.dropFirst(2)
    }
    return out
  }

  @Test(
    "Ed25519 gives RFC 8032's vectors",
    arguments: [
      (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
      ),
      (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
      ),
    ])
  func vectors(seed: String, key: String, message: String, signature: String) throws {
    let signing = try SigningKey(seed: Self.bytes(seed))
    #expect(signing.verificationKey.bytes == Self.bytes(key))
    let made = signing.sign(Self.bytes(message))
    #expect(made.bytes == Self.bytes(signature))
    #expect(signing.verificationKey.verifies(made, over: Self.bytes(message)))
    #expect(!signing.verificationKey.verifies(made, over: Self.bytes(message) + [0]))
  }

  @Test("Keys of small order sign nothing, whatever else accepts them")
  func smallOrder() throws {
    let zero = try VerificationKey(bytes: [1] + [UInt8](repeating: 0, count: 31))
    let signature = try Signature(bytes: [1] + [UInt8](repeating: 0, count: 63))
    #expect(!zero.verifies(signature, over: []))
  }

  @Test("Wrong lengths are errors")
  func lengths() {
    #expect(throws: SodiumError.self) { try SigningKey(seed: [1]) }
    #expect(throws: SodiumError.self) { try VerificationKey(bytes: []) }
    #expect(throws: SodiumError.self) { try Signature(bytes: [UInt8](repeating: 0, count: 63)) }
    #expect(throws: SodiumError.self) { try SecretStreamSender(key: []) }
  }

  @Test("SHA-256 gives FIPS 180's vectors, in one piece or in many")
  func hashes() {
    let abc = Self.bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(SHA256.hash(Array("abc".utf8)) == abc)
    var hasher = SHA256()
    for byte in "abc".utf8 { hasher.update([byte]) }
    #expect(hasher.finalize() == abc)
    #expect(SHA256.hash([UInt8]()) == Self.bytes("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
  }

  @Test("A stream's frames open in order only, unaltered, with the right key")
  func stream() throws {
    let key = [UInt8](repeating: 3, count: 32)
    var sender = try SecretStreamSender(key: key)
    let frames = (0..<3).map { sender.seal([UInt8($0)]) }
    var receiver = try SecretStreamReceiver(key: key, header: sender.header)
    #expect(try receiver.open(frames[0]) == [0])
    var altered = frames[1]
    altered[altered.count - 1] ^= 1
    for bad in [frames[0], frames[2], altered, Array(frames[1].dropLast()), []] {
      var copy = receiver
      #expect(throws: SodiumError.notAuthentic) { try copy.open(bad) }
    }
    #expect(try receiver.open(frames[1]) == [1])
    var other = try SecretStreamReceiver(key: [UInt8](repeating: 4, count: 32), header: sender.header)
    #expect(throws: SodiumError.notAuthentic) { try other.open(frames[0]) }
  }
}
