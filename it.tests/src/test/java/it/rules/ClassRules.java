// SPDX-License-Identifier: Apache-2.0
package it.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;

/** Rules over compiled classes. */
final class ClassRules {
  /**
   * What a protocol gets from its device only, never from the service registry: a device, or ops,
   * that it found by itself would be a way around the attachment.
   */
  static final Set<String> NOT_FOR_PROTOCOLS = Set.of("ib.dma.IbDevice", "ib.dma.IbDmaOps");

  private ClassRules() {}

  /** Classes of a room name no class of a room that they may not import. */
  static ArchRule nameOnlyWhatTheRoomMayImport(Room room) {
    return noClasses()
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are in a room that " + room.folder + " may not import",
                named ->
                    Room.isOurs(named.getPackageName()) && !room.mayName(named.getPackageName())))
        .allowEmptyShould(true);
  }

  /**
   * Classes hold no class literal of a raw device or ops: that is what a look-up in the service
   * registry, a tracker or a reference begins with.
   */
  static ArchRule lookUpNoRawDevice() {
    return noClasses().should(referenceRawDeviceAsObject()).allowEmptyShould(true);
  }

  private static ArchCondition<JavaClass> referenceRawDeviceAsObject() {
    return new ArchCondition<>("hold a class literal of a raw device or its ops") {
      @Override
      public void check(JavaClass item, ConditionEvents events) {
        item.getReferencedClassObjects().stream()
            .filter(literal -> NOT_FOR_PROTOCOLS.contains(literal.getRawType().getName()))
            .forEach(
                literal ->
                    events.add(
                        SimpleConditionEvent.satisfied(
                            item,
                            item.getName()
                                + " holds "
                                + literal.getRawType().getName()
                                + ".class (line "
                                + literal.getLineNumber()
                                + ")")));
      }
    };
  }
}
