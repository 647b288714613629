internal import Engine
internal import Foundation
internal import Glibc

/// The process that has a data folder, as this machine's process table shows it.
public struct FolderProcess: Sendable, Hashable {
  /// What the system does with it.
  public enum State: Sendable, Hashable {
    case running
    /// It does nothing until somebody sends it SIGCONT.
    case stopped
    case gone
  }

  public let id: Int
  public let state: State

  /// The one that `endpoint.json` names, or else the one that holds the folder's lock: it is starting or stopping.
  ///
  /// - Returns: nil where no process is named, or only one that was here before.
  public static func named(in folder: DataFolder) -> FolderProcess? {
    if let endpoint = try? EndpointFile.read(in: folder) {
      return FolderProcess(id: endpoint.processID, state: state(of: endpoint.processID, in: folder))
    }
    guard let content = try? PrivateFile.read(folder.lockPath, limit: 1_024),
      let id = Int(String(decoding: content, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    else { return nil }
    // Every run leaves its number in the lock's file.
    let state = state(of: id, in: folder)
    return state == .gone ? nil : FolderProcess(id: id, state: state)
  }

  private static func state(of id: Int, in folder: DataFolder) -> State {
    guard id > 0, let content = try? PrivateFile.read("/proc/\(id)/stat", limit: 64 * 1_024),
      holdsLock(id, of: folder)
    else { return .gone }
    // After the program's name, which may hold anything.
    let fields = String(decoding: content, as: UTF8.self).split(separator: ")").last?.split(separator: " ")
    return switch fields?.first {
    case "T", "t": .stopped
    case "Z", "X", nil: .gone
    default: .running
    }
  }

  /// Numbers of processes are used again; the lock is not let go before the end.
  private static func holdsLock(_ id: Int, of folder: DataFolder) -> Bool {
    var lock = stat()
    guard stat(folder.lockPath, &lock) == 0,
      let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd")
    else { return false }
    return files.contains { file in
      var info = stat()
      return stat("/proc/\(id)/fd/\(file)", &info) == 0 && info.st_dev == lock.st_dev && info.st_ino == lock.st_ino
    }
  }
}
