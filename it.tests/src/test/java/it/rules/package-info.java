// SPDX-License-Identifier: Apache-2.0
/** The rules of the rooms, held over the classes and the manifests of what was built. */
package it.rules;
