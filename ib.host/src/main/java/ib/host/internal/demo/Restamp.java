// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.osgi.framework.Constants;

/** Copies a bundle's jar with another version, as a newer build of the same driver would be. */
final class Restamp {
  private Restamp() {}

  static void copy(Path from, Path to, String version) throws IOException {
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
}
