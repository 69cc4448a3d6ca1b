// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.restamp;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;

/** Copies a bundle's jar with another version, as a newer build of the same driver would be. */
public final class Restamp {
  private Restamp() {}

  /**
   * Copies a bundle.
   *
   * @param from a jar that begins with its manifest
   * @param to replaced if it is there; not to be in a watched folder while it is half written
   * @param version Bundle-Version of the copy
   * @throws IOException naming the file
   */
  public static void copy(Path from, Path to, String version) throws IOException {
    try (InputStream file = Files.newInputStream(from);
        JarInputStream in = new JarInputStream(file)) {
      Manifest manifest = in.getManifest();
      if (manifest == null) {
        throw new IOException(from + " has no manifest at its beginning; is it a bundle?");
      }
      manifest.getMainAttributes().put(new Attributes.Name(Constants.BUNDLE_VERSION), version);
      try (OutputStream out = Files.newOutputStream(to);
          JarOutputStream jar = new JarOutputStream(out, manifest)) {
        for (JarEntry entry = in.getNextJarEntry(); entry != null; entry = in.getNextJarEntry()) {
          jar.putNextEntry(new JarEntry(entry.getName()));
          in.transferTo(jar);
          jar.closeEntry();
        }
      }
    }
  }

  /**
   * {@code ./ib restamp JAR VERSION TO}: the copy appears under its name at once, so that a folder
   * that is watched never sees half of it.
   *
   * @param args jar, version, target file
   * @return exit code
   */
  public static int main(List<String> args) {
    if (args.size() != 3) {
      System.err.println(
          "restamp: give JAR VERSION TO, e.g. ib.driver.mthca-1.0.0-SNAPSHOT.jar 1.1.0 deploy/mthca-1.1.0.jar");
      return 2;
    }
    try {
      Path to = Path.of(args.get(2)).toAbsolutePath();
      Version version = Version.parseVersion(args.get(1));
      // Beside the folder, not in it: it may be watched.
      Path half = to.resolveSibling("..").normalize().resolve("." + to.getFileName() + ".half");
      copy(Path.of(args.get(0)), half, version.toString());
      Files.move(half, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      System.out.println(to + " has version " + version);
      return 0;
    } catch (IOException | IllegalArgumentException e) {
      System.err.println("restamp: " + e);
      return 1;
    }
  }
}
