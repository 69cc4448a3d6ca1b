// SPDX-License-Identifier: Apache-2.0
package it.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every room keeps its rules; {@link RulesCanFailTest} shows that each rule can be broken. */
class RoomRulesTest {
  @ParameterizedTest
  @EnumSource(Room.class)
  void shouldNameOnlyClassesThatTheRoomMayImport(Room room) {
    ClassRules.nameOnlyWhatTheRoomMayImport(room).check(classesOf(room));
  }

  @ParameterizedTest
  @EnumSource(Room.class)
  void shouldImportOnlyPackagesThatTheRoomMayImport(Room room) {
    assertThat(ManifestRules.forbiddenImports(room, room.manifest())).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Room.class)
  void shouldExportOnlyVersionedApi(Room room) {
    assertThat(ManifestRules.forbiddenExports(room, room.manifest())).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("protocols")
  void shouldReachMemoryThroughTheOpsOfTheDeviceOnly(Room protocol) {
    ClassRules.reachMemoryThroughTheTable().check(classesOf(protocol));
  }

  @ParameterizedTest
  @MethodSource("protocols")
  void shouldFindNoRawDeviceByItsClass(Room protocol) {
    ClassRules.lookUpNoRawDevice().check(classesOf(protocol));
  }

  @ParameterizedTest
  @MethodSource("protocols")
  void shouldFindNoRawDeviceByItsName(Room protocol) throws IOException {
    assertThat(StringConstants.inClassesBelow(protocol.classes()))
        .doesNotContainAnyElementsOf(ClassRules.NOT_FOR_PROTOCOLS);
  }

  @ParameterizedTest
  @MethodSource("protocols")
  void shouldReferToNoRawDeviceService(Room protocol) throws IOException {
    for (Path description : protocol.componentDescriptions()) {
      assertThat(
              ManifestRules.forbiddenReferences(
                  Files.readString(description, StandardCharsets.UTF_8)))
          .as(description.toString())
          .isEmpty();
    }
  }

  static Stream<Room> protocols() {
    return Room.all(Room.Kind.PROTOCOL);
  }

  private static JavaClasses classesOf(Room room) {
    return new ClassFileImporter().importPath(room.classes());
  }
}
