import Engine
import Foundation
import Glibc
import Model
import Storage
import Testing

@Suite struct ObjectStoreTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  func random(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = Random.seeded(seed)
    return random.bytes(count)
  }

  @Test func anObjectIsFoundByItsHashAndReadInPieces() throws {
    let store = try ObjectStore(folder: folder.path)
    let bytes = random(700_000)
    let reference = try store.put(bytes)
    #expect(reference == ObjectReference(digest: Digest(of: bytes), byteCount: bytes.count))
    #expect(store.has(reference))
    #expect(try store.read(reference.digest, at: 0, count: 10) == Array(bytes[..<10]))
    #expect(try store.read(reference.digest, at: 699_990, count: 100) == Array(bytes[699_990...]))
    #expect(try store.read(reference.digest, at: 700_000, count: 100).isEmpty)
    let mode = try FileManager.default.attributesOfItem(atPath: store.path(of: reference.digest))
    #expect(mode[.posixPermissions] as? Int == 0o600)
    #expect(throws: StorageError.self) { try store.read(.zero, at: 0, count: 1) }
  }

  @Test func storingWhatIsThereAlreadyWritesNothing() throws {
    let store = try ObjectStore(folder: folder.path)
    let bytes = random(1_000)
    let reference = try store.put(bytes)
    let file = folder.path + "/same"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    func number() throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: store.path(of: reference.digest))[.systemFileNumber] as? Int
    }
    let before = try number()
    #expect(try store.put(bytes) == reference && store.put(fileAt: file) == reference)
    #expect(try number() == before && store.totalByteCount == bytes.count)
    #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder + "/partial").isEmpty)
  }

  @Test func aFileIsStoredPieceByPieceAndAStoreIsFoundAgain() throws {
    let bytes = random(1_000_000)
    let file = folder.path + "/input"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    let reference = try ObjectStore(folder: folder.path).put(fileAt: file)
    #expect(reference.digest == Digest(of: bytes))
    let again = try ObjectStore(folder: folder.path)
    #expect(again.has(reference))
    #expect(again.totalByteCount == bytes.count)
    #expect(throws: StorageError.notFound(path: "/nowhere")) { try again.put(fileAt: "/nowhere") }
  }

  @Test func aCutTransferGoesOnFromItsOffsetInAnotherProcess() throws {
    let bytes = random(300_000)
    let reference = ObjectReference(digest: Digest(of: bytes), byteCount: bytes.count)
    do {
      let store = try ObjectStore(folder: folder.path)
      let first = try store.partial(reference)
      try first.append(Array(bytes[..<100_000]), at: 0)
      #expect(!store.has(reference))
      #expect(throws: StorageError.wrongOffset(expected: 300_000, found: 100_000)) { try first.finish() }
    }
    let store = try ObjectStore(folder: folder.path)
    let second = try store.partial(reference)
    #expect(second.offset == 100_000)
    #expect(throws: StorageError.wrongOffset(expected: 100_000, found: 0)) { try second.append([1], at: 0) }
    #expect(throws: StorageError.locked(path: folder.path + "/objects/partial/" + reference.digest.hexadecimal)) {
      try store.partial(reference)
    }
    try second.append(Array(bytes[100_000...]), at: 100_000)
    #expect(throws: StorageError.objectTooLarge(byteCount: 300_001, limit: 300_000)) {
      try second.append([1], at: 300_000)
    }
    try second.finish()
    #expect(store.has(reference))
    #expect(try store.read(reference.digest, at: 0, count: 300_000) == bytes)
  }

  @Test func bytesOfAnotherHashAreDeletedAndNeverSeen() throws {
    let store = try ObjectStore(folder: folder.path)
    let reference = ObjectReference(digest: Digest(of: [1, 2, 3]), byteCount: 3)
    let partial = try store.partial(reference)
    try partial.append([1, 2, 4], at: 0)
    #expect(throws: StorageError.objectDiffers(expected: reference.digest, found: Digest(of: [1, 2, 4]))) {
      try partial.finish()
    }
    #expect(!store.has(reference))
    #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder + "/partial") == [])
  }

  @Test func theLongestUnusedGivesWayAndPinnedOnesNever() throws {
    let limits = ObjectLimits(objectByteCount: 600, totalByteCount: 1_000)
    let store = try ObjectStore(folder: folder.path, limits: limits)
    let first = try store.put(random(300, seed: 1))
    let second = try store.put(random(300, seed: 2))
    let third = try store.put(random(300, seed: 3))
    #expect(store.pin(first.digest))
    _ = try store.read(second.digest, at: 0, count: 1)
    let fourth = try store.put(random(300, seed: 4))
    #expect([first, second, third, fourth].map(store.has) == [true, true, false, true])
    #expect(!FileManager.default.fileExists(atPath: store.path(of: third.digest)))
    for object in [second, fourth] { #expect(store.pin(object.digest)) }
    #expect(throws: StorageError.noRoom(byteCount: 200, limit: 1_000)) { try store.put(random(200, seed: 5)) }
    #expect(throws: StorageError.objectTooLarge(byteCount: 601, limit: 600)) { try store.put(random(601, seed: 6)) }
    store.unpin(first.digest)
    _ = try store.put(random(200, seed: 5))
    #expect(!store.has(first))
    #expect(store.totalByteCount <= 1_000)
  }

  @Test func whatCutTransfersLeftCountsAndGivesWayFirst() async throws {
    let limits = ObjectLimits(objectByteCount: 600, totalByteCount: 1_000)
    let kept = try ObjectStore(folder: folder.path, limits: limits).put(random(300, seed: 1))
    func cut(_ seed: UInt64, in store: ObjectStore) throws -> ObjectReference {
      let bytes = random(400, seed: seed)
      let reference = ObjectReference(of: bytes)
      try store.partial(reference).append(Array(bytes[..<300]), at: 0)
      return reference
    }
    let first = try cut(2, in: ObjectStore(folder: folder.path, limits: limits))
    let store = try ObjectStore(folder: folder.path, limits: limits)
    let second = try cut(3, in: store)
    let partials = store.folder + "/partial"
    #expect(try FileManager.default.contentsOfDirectory(atPath: partials).count == 2, "300 + 300 + 300 fit")
    #expect(try store.partial(second).offset == 300, "a transfer that goes on keeps what it has")
    _ = try store.put(random(200, seed: 4))
    #expect(try FileManager.default.contentsOfDirectory(atPath: partials) == [second.digest.hexadecimal])
    #expect(try store.partial(first).offset == 0)
    #expect(store.has(kept), "objects stay while leftovers can go")
    _ = try store.put(random(600, seed: 5))
    #expect(!store.has(kept))
    var evictions = store.evictions.makeAsyncIterator()
    #expect(await evictions.next()?.contains(kept.digest) == true)
  }

  @Test func aPutThatDiedLeavesNothingVisible() throws {
    let store = try ObjectStore(folder: folder.path)
    let stale = store.folder + "/partial/put-1"
    try Data([1]).write(to: URL(fileURLWithPath: stale))
    _ = try ObjectStore(folder: folder.path)
    #expect(!FileManager.default.fileExists(atPath: stale))
  }

  /// Mounting needs root; with `CI=true` this must run.
  @Test(.enabled(if: geteuid() == 0 || ProcessInfo.processInfo.environment["CI"] == "true"))
  func aFullDiskIsAnErrorAndHalfAnObjectIsNotSeen() throws {
    let disk = folder.path + "/disk"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    try #require(mount("none", disk, "tmpfs", 0, "size=1m") == 0, "a small tmpfs cannot be mounted")
    defer { umount(disk) }
    let store = try ObjectStore(folder: disk)
    #expect {
      try store.put(random(2_000_000))
    } throws: { error in
      if case .diskFull? = error as? StorageError { true } else { false }
    }
    #expect(store.totalByteCount == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: disk + "/objects/partial")
    #expect(names.isEmpty)
    let small = try store.put(random(10_000))
    #expect(store.has(small))
    let database = try NodeDatabase(
      folder: disk, node: NodeID(.zero), network: NetworkID(.zero))
    #expect {
      try database.commit([[.document(key: "large", value: random(1_500_000))]])
    } throws: { error in
      if case .diskFull? = error as? StorageError { true } else { false }
    }
    #expect(try database.recover().documents.isEmpty)
  }
}
