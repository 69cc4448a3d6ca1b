// SPDX-License-Identifier: Apache-2.0
package it.rules;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.StringEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The string constants of class files: what a service can be looked up by, beside its class. */
final class StringConstants {
  private StringConstants() {}

  static Set<String> inClassesBelow(Path folder) throws IOException {
    Set<String> constants = new TreeSet<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        ClassFile.of()
            .parse(file)
            .constantPool()
            .forEach(
                entry -> {
                  if (entry instanceof StringEntry string) {
                    constants.add(string.stringValue());
                  }
                });
      }
    }
    return constants;
  }
}
