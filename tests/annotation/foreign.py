# ruff: noqa: E501
"""Files of labels as other tools write them."""

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2014-09-08T16:00:59+01:00" FORMAT="2.7" VERSION="2.7">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"><MEDIA_DESCRIPTOR MEDIA_URL="file:///a.mp4" MIME_TYPE="video/mp4"/></HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="780"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
    <TIME_SLOT TIME_SLOT_ID="ts3"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="1680"/>
  </TIME_ORDER>
  <TIER TIER_ID="act" LINGUISTIC_TYPE_REF="lt" ANNOTATOR="eva">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts3">
      <ANNOTATION_VALUE>walk</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
      <ANNOTATION_VALUE>sit</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER TIER_ID="part" LINGUISTIC_TYPE_REF="sub" PARENT_REF="act">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1"><ANNOTATION_VALUE>left</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a1" PREVIOUS_ANNOTATION="a3"><ANNOTATION_VALUE>right</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
  <LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="lt" TIME_ALIGNABLE="true" CONTROLLED_VOCABULARY_REF="cv"/>
  <LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="sub" TIME_ALIGNABLE="false" CONSTRAINTS="Symbolic_Subdivision"/>
  <CONTROLLED_VOCABULARY CV_ID="cv"><CV_ENTRY DESCRIPTION="on foot #0a0b0c">walk</CV_ENTRY><CV_ENTRY DESCRIPTION="">run</CV_ENTRY></CONTROLLED_VOCABULARY>
</ANNOTATION_DOCUMENT>
"""

LABEL_STUDIO = """[{"id": 1, "data": {"csv": "http://example.com/a.csv"}, "annotations": [{"completed_by": {"id": 7}, "result": [
 {"id": "x", "from_name": "label", "to_name": "ts", "type": "timeserieslabels", "origin": "manual",
  "value": {"start": 1.5, "end": 2, "instant": false, "timeserieslabels": ["Run"]}},
 {"id": "y", "from_name": "label", "to_name": "ts", "type": "timeserieslabels", "meta": {"text": ["odd"]},
  "value": {"start": 4, "end": 4, "instant": true, "timeserieslabels": ["Run"]}},
 {"id": "z", "type": "choices", "value": {"choices": ["ok"]}}]}],
 "predictions": [{"model_version": "net 1", "result": [
 {"id": "p", "from_name": "label", "type": "timeserieslabels", "score": 0.25,
  "value": {"start": 2, "end": 3, "timeserieslabels": ["Walk"]}}]}]}]"""
