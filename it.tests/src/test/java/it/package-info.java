// SPDX-License-Identifier: Apache-2.0
/**
 * Container tests. A class here runs in the native container (a framework in the tests' own JVM), a
 * class in {@code it.forked} in a JVM of its own. Pax Exam speaks JUnit 4; everything else in this
 * module is JUnit Jupiter.
 */
package it;
