internal import Glibc

/// The process's own number.
enum ProcessID {
  static var own: Int { Int(getpid()) }
}
