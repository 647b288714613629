import Engine
import Foundation
import Logging
import Model
import Node
import Overlay
import Testing

@Suite struct FolderTests {
  private let configuration = NodeConfiguration(
    name: "alpha", kind: .edge, owner: "me", offer: Amounts(cpuMillicores: 1_000, memoryBytes: 1 << 30))

  private func setUp(_ path: String) throws -> NodeSetup {
    var random = Random.system()
    let setup = NodeSetup(DataFolder(at: path))
    _ = try setup.initialise(configuration, random: &random)
    return setup
  }

  @Test func aNewFolderIsItsOwnersAlone() async throws {
    try await withScratch { scratch in
      let setup = try setUp(scratch + "/deep/er/a")
      let folder = setup.folder
      #expect(try mode(folder.path) == 0o700)
      #expect(try mode(folder.keysPath) == 0o700)
      for name in KeyFile.Name.allCases {
        let key = KeyFile(name, in: folder)
        #expect(try mode(key.path) == 0o600)
        #expect(try key.read().count == 32)
      }
      #expect(try NodeConfiguration.read(in: folder) == configuration)
    }
  }

  @Test func workNeverReadsTheFolderWithTheKeys() async throws {
    try await withScratch { scratch in
      let folder = try setUp(scratch + "/data").folder
      try FileManager.default.createSymbolicLink(atPath: scratch + "/link", withDestinationPath: scratch)
      var exposing = configuration
      for path in ["/", scratch, scratch + "/link", folder.path, folder.path + "/../"] {
        exposing.readable = ["/opt", path]
        try Data(exposing.text.utf8).write(to: URL(fileURLWithPath: folder.configurationPath))
        let refusal = #expect(throws: Refusal.self, "\(path)") { try NodeConfiguration.read(in: folder) }
        #expect(refusal?.what.contains("keys") == true)
      }
      exposing.readable = ["/opt", scratch + "/dat", folder.path + "/keys.not"]
      try Data(exposing.text.utf8).write(to: URL(fileURLWithPath: folder.configurationPath))
      #expect(try NodeConfiguration.read(in: folder) == exposing)
    }
  }

  @Test func aFolderIsSetUpOnce() async throws {
    try await withScratch { scratch in
      let setup = try setUp(scratch + "/a")
      let before = try setup.nodeID()
      let refusal = #expect(throws: Refusal.self) { try setUp(scratch + "/a") }
      #expect(refusal?.kind == .conflict)
      #expect(try setup.nodeID() == before)
    }
  }

  @Test func aSetUpThatWasCutShortIsTakenUpWithTheKeysThatItMade() async throws {
    try await withScratch { scratch in
      let setup = try setUp(scratch + "/a")
      let before = try setup.nodeID()
      let signing = try KeyFile(.signing, in: setup.folder).read()
      for path in [setup.folder.configurationPath, KeyFile(.token, in: setup.folder).path] {
        try FileManager.default.removeItem(atPath: path)
      }
      #expect(FileManager.default.createFile(atPath: setup.folder.configurationPath + ".new", contents: Data()))
      let again = try setUp(scratch + "/a")
      #expect(try again.nodeID() == before)
      #expect(try KeyFile(.signing, in: setup.folder).read() == signing)
      #expect(try KeyFile(.token, in: setup.folder).read().count == 32)
      #expect(try NodeConfiguration.read(in: setup.folder) == configuration)
    }
  }

  @Test(arguments: ["0.0.0.0:4000", "[::]:4000", "0:4000", "[0:0::0]:4000"])
  func anAddressThatNobodyCanDialIsRefused(address: String) async throws {
    try await withScratch { scratch in
      var random = Random.system()
      let setup = try setUp(scratch + "/a")
      _ = try setup.createNetwork(name: "one", nowMilliseconds: 1_000, random: &random)
      let invited = #expect(throws: Refusal.self) {
        try setup.invite(addresses: [address], expiresMilliseconds: 5_000, random: &random)
      }
      #expect(invited?.next.hasPrefix("--address") == true)
      let run = #expect(throws: Refusal.self) {
        try NodeRun(setup.folder, listen: address, http: address, logger: Logger(label: "test"))
      }
      #expect(run?.next.hasPrefix("--listen") == true)
      _ = try NodeRun(setup.folder, listen: "127.0.0.1:0", http: address, logger: Logger(label: "test"))
    }
  }

  @Test func oneAddressForNodesAndForHTTPIsRefusedBeforeAnybodyHearsOfTheNode() async throws {
    try await withScratch { scratch in
      let setup = try setUp(scratch + "/a")
      func run(_ listen: String, _ http: String) throws {
        _ = try NodeRun(setup.folder, listen: listen, http: http, logger: Logger(label: "test"))
      }
      for http in ["127.0.0.1:4000", "0.0.0.0:4000"] {
        let refused = #expect(throws: Refusal.self) { try run("127.0.0.1:4000", http) }
        #expect(refused?.subject == "--http" && refused?.next.contains("--http") == true)
      }
      try run("127.0.0.1:4000", "127.0.0.1:4001")
      try run("127.0.0.1:4000", "127.0.0.2:4000")
      try run("127.0.0.1:0", "127.0.0.1:0")
    }
  }

  @Test(arguments: [0o644, 0o640, 0o604, 0o620])
  func aKeyThatOthersCanReadIsRefusedWithTheRemedy(mode: Int) async throws {
    try await withScratch { scratch in
      let setup = try setUp(scratch + "/a")
      let key = KeyFile(.signing, in: setup.folder)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: key.path)
      let refusal = #expect(throws: Refusal.self) { try key.read() }
      #expect(refusal?.kind == .notPermitted)
      #expect(refusal?.next == "chmod 600 \(key.path)")
    }
  }

  @Test func aKeyFileOfOtherContentOrBehindALinkIsRefused() async throws {
    try await withScratch { scratch in
      let setup = try setUp(scratch + "/a")
      let key = KeyFile(.root, in: setup.folder)
      try FileManager.default.moveItem(atPath: key.path, toPath: key.path + ".moved")
      #expect(throws: Refusal.self) { try key.read() }
      try FileManager.default.createSymbolicLink(atPath: key.path, withDestinationPath: key.path + ".moved")
      let behindLink = #expect(throws: Refusal.self) { try key.read() }
      #expect(behindLink?.kind == .notPermitted && behindLink?.next == "ls -l \(key.path)")
      try FileManager.default.removeItem(atPath: key.path)
      #expect(
        FileManager.default.createFile(
          atPath: key.path, contents: Data("not a key\n".utf8), attributes: [.posixPermissions: 0o600]))
      #expect(#expect(throws: Refusal.self) { try key.read() }?.kind == .invalid)
    }
  }

  @Test func aSecondHolderOfTheLockIsRefusedByProcess() async throws {
    try await withScratch { scratch in
      let folder = try setUp(scratch + "/a").folder
      do {
        let lock = try FolderLock(folder)
        let refusal = #expect(throws: Refusal.self) { _ = try FolderLock(folder) }
        #expect(refusal?.kind == .conflict)
        #expect(refusal?.what.contains("\(ProcessInfo.processInfo.processIdentifier)") == true)
        withExtendedLifetime(lock) {}
      }
      _ = try FolderLock(folder)
    }
  }

  @Test func aFolderBelongsToOneNetwork() async throws {
    try await withScratch { scratch in
      var random = Random.system()
      let founder = try setUp(scratch + "/a")
      let other = try setUp(scratch + "/b")
      _ = try founder.createNetwork(name: "one", nowMilliseconds: 1_000, random: &random)
      _ = try other.createNetwork(name: "two", nowMilliseconds: 1_000, random: &random)
      #expect(
        #expect(throws: Refusal.self) {
          try founder.createNetwork(name: "three", nowMilliseconds: 1_000, random: &random)
        }?.kind == .conflict)
      let invitation = try founder.invite(
        addresses: ["127.0.0.1:1"], expiresMilliseconds: 5_000, random: &random)[0]
      #expect(throws: IdentityError.self) { try other.join(invitation, nowMilliseconds: 2_000) }
      let joiner = try setUp(scratch + "/c")
      #expect(throws: IdentityError.self) { try joiner.join(invitation, nowMilliseconds: 5_000) }
      _ = try joiner.join(invitation, nowMilliseconds: 2_000)
      #expect(try joiner.identity().network == founder.identity().network)
      #expect(try NetworkFile.read(in: joiner.folder).seeds.map(\.address) == ["127.0.0.1:1"])
    }
  }

  @Test func anInvitationNeedsAnAddress() async throws {
    try await withScratch { scratch in
      var random = Random.system()
      let founder = try setUp(scratch + "/a")
      _ = try founder.createNetwork(name: "one", nowMilliseconds: 1_000, random: &random)
      let refusal = #expect(throws: Refusal.self) {
        try founder.invite(addresses: [], expiresMilliseconds: 5_000, random: &random)
      }
      #expect(refusal?.next.contains("--address") == true)
    }
  }

  @Test func aSocketPathThatIsTooLongMovesToTheRuntimeFolder() throws {
    let long = DataFolder(at: "/tmp/" + String(repeating: "x", count: 120))
    #expect(try long.socketPath().utf8.count <= DataFolder.socketPathLimit)
    #expect(try DataFolder(at: "/tmp/short").socketPath() == "/tmp/short/api.sock")
    #expect(DataFolder(at: "/a/./b/../c//d/").path == "/a/c/d")
  }
}
