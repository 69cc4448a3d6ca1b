// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The guest's kernel and disk, built once for each {@link GuestSpec} and kept in the user's cache
 * folder, with a snapshot of the booted machine.
 */
final class GuestImage {
  private static final Duration BUILD = Duration.ofMinutes(10);
  private static final int KEY_DIGITS = 12;

  /** What the script that builds it runs; it says itself what else it misses. */
  private static final List<String> BUILDERS =
      List.of("apt-get", "dpkg-deb", "depmod", "modprobe", "mke2fs", "cpio", "python3");

  private final GuestSpec spec;
  private final Path folder;
  private final Path tools;

  private GuestImage(GuestSpec spec, Path folder, Path tools) {
    this.spec = spec;
    this.folder = folder;
    this.tools = tools;
  }

  /** Why there can be no guest on this machine, or an empty text. */
  static String obstacle(GuestSpec spec, Path scripts) throws InteropException {
    String qemu = spec.architecture().qemu;
    if (!Programs.exists(qemu)) {
      return "no " + qemu + " on this machine; install qemu-system-x86 and seabios";
    }
    try {
      if (Files.exists(cache().resolve("guest-" + key(spec, scripts)).resolve("version"))) {
        return "";
      }
    } catch (IOException e) {
      throw new InteropException("can't read the guest's scripts: " + e, e);
    }
    List<String> missing = BUILDERS.stream().filter(each -> !Programs.exists(each)).toList();
    return missing.isEmpty()
        ? ""
        : "the guest is not built yet, and there is no "
            + String.join(", no ", missing)
            + "; install apt, kmod, e2fsprogs, cpio and python3 of a Debian system";
  }

  /** Takes the image from the cache, or builds it. */
  static GuestImage obtain(GuestSpec spec, Path scripts) throws InteropException {
    try {
      Path folder = cache().resolve("guest-" + key(spec, scripts));
      Files.createDirectories(folder);
      try (FileChannel lock =
              FileChannel.open(
                  folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock held = lock.lock()) {
        if (held.isValid() && !Files.exists(folder.resolve("version"))) {
          build(spec, scripts, folder);
        }
      }
      return new GuestImage(spec, folder, scripts.resolveSibling("peer"));
    } catch (IOException e) {
      throw new InteropException("can't keep the guest's image: " + e, e);
    }
  }

  private static Path cache() {
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path base =
        xdg == null || xdg.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(xdg);
    return base.resolve("openhca");
  }

  private static void build(GuestSpec spec, Path scripts, Path folder) throws InteropException {
    System.err.println("interop: building the guest in " + folder + ", which takes minutes ...");
    Programs.Result result =
        Programs.run(
            BUILD,
            Map.of(
                "OUT", folder.toString(),
                "KERNEL", spec.kernel(),
                "PACKAGES", String.join(",", spec.packages()),
                "ARCH", spec.architecture().debian,
                "SUITE", spec.suite()),
            List.of("bash", scripts.resolve("build").toString()));
    if (result.code() != 0) {
      throw new InteropException("the guest can't be built: " + result.output().strip());
    }
  }

  /** Of everything that the image is made from. */
  private static String key(GuestSpec spec, Path scripts) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(spec.toString().getBytes(StandardCharsets.UTF_8));
      try (Stream<Path> files = Files.list(scripts)) {
        for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
          digest.update(Files.readAllBytes(file));
        }
      }
      return HexFormat.of().formatHex(digest.digest()).substring(0, KEY_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  GuestSpec spec() {
    return spec;
  }

  /** The tests' own programs, which are brought into each guest. */
  Path tools() {
    return tools;
  }

  Path kernel() {
    return folder.resolve("kernel");
  }

  Path initrd() {
    return folder.resolve("initrd.gz");
  }

  Path disk() {
    return folder.resolve("root.img");
  }

  /** Of the machine when it has booted, as this QEMU saves it. */
  Path snapshot(int qemuVersion) {
    return folder.resolve("booted-" + Integer.toHexString(qemuVersion) + ".snapshot");
  }

  /** The kernel's own version. */
  String version() throws InteropException {
    try {
      return Files.readString(folder.resolve("version")).strip();
    } catch (IOException e) {
      throw new InteropException("the guest's image in " + folder + " is broken: remove it", e);
    }
  }
}
