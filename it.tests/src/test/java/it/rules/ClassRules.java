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

  /**
   * The ops', the hardware's and core's side of DMA: a protocol has the {@code IbDma} of its
   * device.
   */
  static final Set<String> BEHIND_THE_TABLE =
      Set.of(
          "ib.dma.IbDmaOps",
          "ib.dma.DelegatingDmaOps",
          "ib.dma.IbDmaInterposer",
          "ib.dma.DmaArguments",
          "ib.dma.DmaBus",
          "ib.dma.BusWindow",
          "ib.dma.BusAccessor");

  /**
   * Methods by which a protocol would make a DMA address of something else, or read or write what
   * belongs to the ops: owner, and name.
   */
  static final Set<String> ROUND_THE_TABLE =
      Set.of(
          "ib.dma.IbDma.<init>",
          "ib.dma.IbDevice.<init>",
          "ib.dma.IbDevice.forOwner",
          "ib.dma.IbDevice.opsData",
          "ib.dma.IbDevice.setOpsData",
          "ib.dma.ScatterList.setMapped",
          "ib.dma.ScatterList.setMappedEntries",
          "ib.dma.ScatterList.rawDmaAddress",
          "ib.dma.ScatterList.rawDmaLength",
          "ib.dma.DmaIova.begin",
          "ib.dma.DmaIova.end",
          "ib.dma.DmaIova.opsData",
          "ib.dma.DmaMemory.ofPool",
          "ib.dma.DmaMemory.tryPin",
          "ib.dma.DmaMemory.unpin",
          "ib.dma.DmaMemoryPool.resolve",
          "ib.dma.DmaMemoryPool.find",
          "java.lang.foreign.MemorySegment.address",
          "java.lang.foreign.MemorySegment.ofAddress");

  private ClassRules() {}

  /** Classes reach memory for a device by nothing but the operations of that device. */
  static ArchRule reachMemoryThroughTheTable() {
    return noClasses().should(goRoundTheTable()).allowEmptyShould(true);
  }

  private static ArchCondition<JavaClass> goRoundTheTable() {
    return new ArchCondition<>("go round the operations of a device") {
      @Override
      public void check(JavaClass item, ConditionEvents events) {
        item.getDirectDependenciesFromSelf().stream()
            .filter(named -> BEHIND_THE_TABLE.contains(named.getTargetClass().getName()))
            .forEach(named -> tell(events, item, named.getDescription()));
        item.getAccessesFromSelf().stream()
            .filter(
                call ->
                    ROUND_THE_TABLE.contains(
                        call.getTargetOwner().getName() + "." + call.getTarget().getName()))
            .forEach(call -> tell(events, item, call.getDescription()));
      }
    };
  }

  private static void tell(ConditionEvents events, JavaClass item, String what) {
    events.add(SimpleConditionEvent.satisfied(item, what));
  }

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
